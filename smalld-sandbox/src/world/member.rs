//! The members of guilds: nicknames, roles, timeouts, kicks and bans.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{User, World};
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// What a user is in a guild.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) joined: u64,
    pub(crate) roles: Vec<Snowflake>,
    pub(crate) nick: Option<String>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) mute: bool,
    pub(crate) deaf: bool,
}

/// Until when a member may only read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timeout {
    /// In milliseconds since 1970.
    pub(crate) ends: u64,
}

/// A change of a member; a field that is none stays as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemberEdit {
    pub(crate) nick: Change<String>,
    pub(crate) roles: Option<Vec<Snowflake>>,
    pub(crate) timeout: Change<Timeout>,
    pub(crate) mute: Option<bool>,
    pub(crate) deaf: Option<bool>,
}

/// What happens to a field that may be empty.
#[derive(Clone, Debug, Default)]
pub(crate) enum Change<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Change<T> {
    /// Sets the field, or clears it without a value.
    pub(crate) fn to(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }

    /// The value that is set.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    pub(crate) fn is_change(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    pub(super) fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

impl Member {
    pub(crate) fn json(&self) -> Value {
        json!({
            "avatar": null,
            "banner": null,
            "communication_disabled_until":
                self.timeout.as_ref().map(|timeout| iso8601(timeout.ends)),
            "flags": 0,
            "joined_at": iso8601(self.joined),
            "nick": self.nick,
            "pending": false,
            "premium_since": null,
            "roles": self.roles,
            "mute": self.mute,
            "deaf": self.deaf,
        })
    }
}

impl World {
    /// Lets a user join a guild, unless banned.
    pub(crate) fn join(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let bot_role = (user == self.bot).then_some(self.guild(guild)?.bot_role);
        let of_guild = self.guild_mut(guild)?;
        if of_guild.bans.contains_key(&user) {
            return Err(Refusal::Banned);
        }
        if of_guild.members.contains_key(&user) {
            return Ok(());
        }
        let member = Member {
            joined: now,
            roles: bot_role.into_iter().collect(),
            ..Member::default()
        };
        of_guild.members.insert(user, member);
        of_guild.ever_joined.insert(user);
        if user == self.bot {
            self.tell_of_guild(guild);
        } else {
            let data = self.member(guild, user).unwrap_or_default();
            self.tell_guild(guild, "GUILD_MEMBER_ADD", data);
        }
        Ok(())
    }

    pub(crate) fn edit_member(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        edit: MemberEdit,
    ) -> Result<(), Refusal> {
        for role in edit.roles.iter().flatten() {
            self.role(guild, *role)?;
        }
        self.with_access(guild, |world| world.apply_to_member(guild, user, edit))
    }

    fn apply_to_member(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        edit: MemberEdit,
    ) -> Result<(), Refusal> {
        let member = self.guild_mut(guild)?.members.get_mut(&user);
        let member = member.ok_or(Refusal::UnknownMember)?;
        edit.nick.apply(&mut member.nick);
        edit.timeout.apply(&mut member.timeout);
        member.mute = edit.mute.unwrap_or(member.mute);
        member.deaf = edit.deaf.unwrap_or(member.deaf);
        if let Some(mut roles) = edit.roles {
            roles.sort_unstable();
            roles.dedup();
            member.roles = roles;
        }
        let data = self.member(guild, user).unwrap_or_default();
        self.tell_guild(guild, "GUILD_MEMBER_UPDATE", data);
        Ok(())
    }

    /// Gives or takes a role; without a change nothing happens.
    pub(crate) fn set_role(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        role: Snowflake,
        has: bool,
    ) -> Result<(), Refusal> {
        self.role(guild, role)?;
        let member = self.guild(guild)?.members.get(&user);
        let member = member.ok_or(Refusal::UnknownMember)?;
        let mut roles = member.roles.clone();
        if roles.contains(&role) == has {
            return Ok(());
        }
        if has {
            roles.push(role);
        } else {
            roles.retain(|known| *known != role);
        }
        let edit = MemberEdit {
            roles: Some(roles),
            ..MemberEdit::default()
        };
        self.edit_member(guild, user, edit)
    }

    /// A member leaves or is kicked. The bot is told that the guild is gone.
    pub(crate) fn remove_member(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
    ) -> Result<(), Refusal> {
        let json = self.user(user)?.json();
        let members = &self.guild(guild)?.members;
        if !members.contains_key(&user) {
            return Err(Refusal::UnknownMember);
        }
        self.connect(guild, user, None, (false, false))?;
        if user == self.bot {
            // Before it leaves: later events of the guild do not reach the bot.
            self.push("GUILD_DELETE", Some(guild), json!({ "id": guild }));
        }
        self.guild_mut(guild)?.members.remove(&user);
        self.tell_guild(guild, "GUILD_MEMBER_REMOVE", json!({ "user": json }));
        Ok(())
    }

    /// Bans a user, member or not, and deletes what they wrote since this time.
    pub(crate) fn ban(
        &mut self,
        guild: Snowflake,
        user: Snowflake,
        reason: Option<String>,
        delete_since: Option<u64>,
    ) -> Result<(), Refusal> {
        let json = self.user(user)?.json();
        if self.guild(guild)?.members.contains_key(&user) {
            self.remove_member(guild, user)?;
        }
        let before = self.guild_mut(guild)?.bans.insert(user, reason);
        if before.is_none() {
            self.tell_guild(guild, "GUILD_BAN_ADD", json!({ "user": json }));
        }
        if let Some(since) = delete_since {
            self.delete_messages_of(guild, user, since);
        }
        Ok(())
    }

    pub(crate) fn unban(&mut self, guild: Snowflake, user: Snowflake) -> Result<(), Refusal> {
        let ban = self.guild_mut(guild)?.bans.remove(&user);
        ban.ok_or(Refusal::UnknownBan)?;
        let json = self.user(user)?.json();
        self.tell_guild(guild, "GUILD_BAN_REMOVE", json!({ "user": json }));
        Ok(())
    }

    /// The ban of a user.
    pub(crate) fn ban_json(&self, guild: Snowflake, user: Snowflake) -> Result<Value, Refusal> {
        let reason = self.guild(guild)?.bans.get(&user);
        let reason = reason.ok_or(Refusal::UnknownBan)?;
        Ok(json!({ "reason": reason, "user": self.user(user)?.json() }))
    }

    /// The users who are banned in a guild, smallest id first.
    pub(crate) fn banned(&self, guild: Snowflake) -> Vec<Snowflake> {
        let guild = self.guilds.get(&guild).into_iter();
        guild.flat_map(|guild| guild.bans.keys().copied()).collect()
    }

    /// The members of a guild, smallest id first.
    pub(crate) fn members(&self, guild: Snowflake) -> Vec<&User> {
        let guild = self.guilds.get(&guild).into_iter();
        let members = guild.flat_map(|guild| guild.members.keys());
        members.filter_map(|id| self.users.get(id)).collect()
    }

    fn delete_messages_of(&mut self, guild: Snowflake, user: Snowflake, since: u64) {
        let in_guild = self
            .channels
            .values()
            .filter(|channel| channel.guild() == Some(guild));
        let found: Vec<_> = in_guild
            .flat_map(|channel| {
                let own = channel
                    .messages
                    .values()
                    .filter(|message| message.author == user && message.id.millis() >= since);
                own.map(|message| (channel.id, message.id))
            })
            .collect();
        for (channel, message) in found {
            // Each was just found, so that deleting it cannot fail.
            let _ = self.delete(channel, message, user);
        }
    }
}
