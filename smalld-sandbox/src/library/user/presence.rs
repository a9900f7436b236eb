//! Where a user is: invites, voice channels, and events of interest.

use super::settle;
use crate::library::names::find_channel;
use crate::library::user::User;
use crate::world::World;
use crate::world::invite::Terms;
use crate::world::snowflake::Snowflake;

impl User {
    /// Makes an invite to a channel that can be used for ever. Returns its code.
    ///
    /// # Panics
    ///
    /// If there is no such channel, or the guild has 1000 invites already.
    pub async fn invite(&self, channel: &str) -> String {
        let user = self.snowflake();
        let terms = Terms {
            max_age: 0,
            max_uses: 0,
            temporary: false,
        };
        let invite = self.hub.change(|world, now| {
            let channel = find_channel(world, self.guild, channel);
            world.add_invite(channel, user, terms, true, now)
        });
        settle().await;
        let (invite, _) = invite.expect("a guild has at most 1000 invites");
        invite.code
    }

    /// Joins the guild of an invite, which need not be the guild in which the user acts. Returns false if
    /// the invite is unknown or has expired, or the user is banned.
    pub async fn accept_invite(&self, code: &str) -> bool {
        let user = self.snowflake();
        let accept = |world: &mut World, now| world.accept_invite(code, user, now);
        let accepted = self.hub.change(accept).is_ok();
        settle().await;
        accepted
    }

    /// Gives the application an access token with the scope `guilds.join`, with which the bot adds the
    /// user to a guild. It is always the same token.
    #[must_use]
    pub fn access_token(&self) -> String {
        let user = self.snowflake();
        let token = self.hub.change(|world, _| world.grant_access(user));
        token.unwrap_or_default()
    }

    /// Connects to a voice or stage channel, or moves there.
    ///
    /// # Panics
    ///
    /// If the guild has no such channel of these types, or the user is not a member.
    pub async fn join_voice(&self, channel: &str) {
        let user = self.snowflake();
        let connected = self.hub.change(|world, _| {
            let channel = find_channel(world, self.guild, channel);
            world.connect(self.guild, user, Some(channel), (false, false))
        });
        assert!(connected.is_ok(), "{self} cannot connect to `{channel}`");
        settle().await;
    }

    /// Disconnects from voice; without a connection nothing happens.
    pub async fn leave_voice(&self) {
        let user = self.snowflake();
        let leave = |world: &mut World, _| world.connect(self.guild, user, None, (false, false));
        // An error means that the user is not a member.
        let _ = self.hub.change(leave);
        settle().await;
    }

    /// Says that the user is interested in a scheduled event; doing so again changes nothing.
    ///
    /// # Panics
    ///
    /// If there is no such event, or the user is not a member of its guild.
    pub async fn subscribe_to_event(&self, event: &str) {
        self.set_interested(event, true).await;
    }

    /// Takes back [`subscribe_to_event`](Self::subscribe_to_event).
    ///
    /// # Panics
    ///
    /// As [`subscribe_to_event`](Self::subscribe_to_event).
    pub async fn unsubscribe_from_event(&self, event: &str) {
        self.set_interested(event, false).await;
    }

    async fn set_interested(&self, event: &str, is_interested: bool) {
        let user = self.snowflake();
        let set = self.hub.change(|world, now| {
            let event = Snowflake::parse(event)?;
            world.set_interested(event, user, is_interested, now).ok()
        });
        assert!(
            set.is_some(),
            "{self} is not a member, or there is no event `{event}`"
        );
        settle().await;
    }
}
