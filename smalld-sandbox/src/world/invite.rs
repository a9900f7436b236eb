//! Invites: made for a channel of a guild, accepted by users, and gone when they expire.

use serde_json::{Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;
use crate::world::token;

/// Discord's maximum of one guild.
const MAX_INVITES: usize = 1000;

/// An invite to a channel of a guild.
#[derive(Clone, Debug)]
pub(crate) struct Invite {
    pub(crate) code: String,
    pub(crate) guild: Snowflake,
    pub(crate) channel: Snowflake,
    inviter: Snowflake,
    created: u64,
    pub(crate) terms: Terms,
    uses: u64,
}

/// How long and how often an invite can be used; 0 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// In seconds.
    pub(crate) max_age: u64,
    pub(crate) max_uses: u64,
    /// Whether members without a role are removed when they disconnect. Nobody disconnects here.
    pub(crate) temporary: bool,
}

impl Invite {
    fn expires(&self) -> Option<u64> {
        let age = self.terms.max_age;
        (age > 0).then(|| self.created + age * 1000)
    }

    fn has_expired(&self, now: u64) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }
}

impl World {
    /// The invite with this code, unless it has expired.
    pub(crate) fn invite(&self, code: &str, now: u64) -> Result<&Invite, Refusal> {
        let invite = self.invites.iter().find(|invite| invite.code == code);
        let invite = invite.filter(|invite| !invite.has_expired(now));
        invite.ok_or(Refusal::UnknownInvite)
    }

    /// The invites of a guild, or of one channel of it, oldest first.
    pub(crate) fn invites(
        &self,
        guild: Snowflake,
        channel: Option<Snowflake>,
        now: u64,
    ) -> impl Iterator<Item = &Invite> {
        self.invites.iter().filter(move |invite| {
            let is_here = channel.is_none_or(|channel| invite.channel == channel);
            invite.guild == guild && is_here && !invite.has_expired(now)
        })
    }

    /// An invite to a channel. Unless it must be unique, one by the same user with the same terms is used
    /// again. Returns whether it is new, too.
    pub(crate) fn add_invite(
        &mut self,
        channel: Snowflake,
        inviter: Snowflake,
        terms: Terms,
        is_unique: bool,
        now: u64,
    ) -> Result<(Invite, bool), Refusal> {
        let guild = self.channel(channel)?.guild();
        let guild = guild.ok_or(Refusal::NotInDirectMessages)?;
        self.invites.retain(|invite| !invite.has_expired(now));
        let is_alike = |invite: &&Invite| invite.inviter == inviter && invite.terms == terms;
        let alike = self.invites(guild, Some(channel), now).find(is_alike);
        if let Some(invite) = alike.filter(|_| !is_unique) {
            return Ok((invite.clone(), false));
        }
        if self.invites(guild, None, now).count() >= MAX_INVITES {
            return Err(Refusal::TooManyInvites);
        }
        let invite = Invite {
            code: token::letters(8),
            guild,
            channel,
            inviter,
            created: now,
            terms,
            uses: 0,
        };
        let mut data = self.invite_facts(&invite);
        data["channel_id"] = json!(channel);
        self.invites.push(invite.clone());
        self.tell_guild(guild, "INVITE_CREATE", data);
        Ok((invite, true))
    }

    pub(crate) fn delete_invite(&mut self, code: &str) -> Result<Invite, Refusal> {
        let place = self.invites.iter().position(|invite| invite.code == code);
        let place = place.ok_or(Refusal::UnknownInvite)?;
        let invite = self.invites.remove(place);
        let data = json!({ "channel_id": invite.channel, "code": code });
        self.tell_guild(invite.guild, "INVITE_DELETE", data);
        Ok(invite)
    }

    /// Lets a user join by an invite. The last use deletes it.
    pub(crate) fn accept_invite(
        &mut self,
        code: &str,
        user: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let guild = self.invite(code, now)?.guild;
        if self.guild(guild)?.members.contains_key(&user) {
            return Ok(());
        }
        self.join(guild, user, now)?;
        let known = self.invites.iter_mut();
        let mut is_used_up = false;
        for invite in known.filter(|invite| invite.code == code) {
            invite.uses += 1;
            is_used_up = invite.uses == invite.terms.max_uses;
        }
        if is_used_up {
            self.delete_invite(code)?;
        }
        Ok(())
    }

    /// An invite as everybody sees it.
    pub(crate) fn invite_json(&self, invite: &Invite, with_counts: bool) -> Value {
        let mut json = json!({
            "type": 0,
            "code": invite.code,
            "inviter": self.user(invite.inviter).map(super::User::json).unwrap_or_default(),
            "expires_at": invite.expires().map(iso8601),
            "guild_id": invite.guild,
            "flags": 0,
        });
        if let Ok(channel) = self.channel(invite.channel) {
            let channel = self.channel_json(channel);
            json["channel"] = json!({
                "id": channel["id"], "name": channel["name"], "type": channel["type"],
            });
        }
        if let Ok(guild) = self.guild(invite.guild) {
            let whole = guild.json();
            let mut shown = json!({});
            for key in [
                "id",
                "name",
                "splash",
                "banner",
                "description",
                "icon",
                "features",
                "verification_level",
                "vanity_url_code",
                "nsfw_level",
                "nsfw",
                "premium_subscription_count",
            ] {
                shown[key] = whole[key].clone();
            }
            json["guild"] = shown;
            if with_counts {
                json["approximate_member_count"] = json!(guild.members.len());
                json["approximate_presence_count"] = json!(guild.members.len());
            }
        }
        json
    }

    /// An invite as those who manage it see it.
    pub(crate) fn managed_invite_json(&self, invite: &Invite) -> Value {
        let mut json = self.invite_json(invite, false);
        if let (Some(json), Value::Object(facts)) =
            (json.as_object_mut(), self.invite_facts(invite))
        {
            json.extend(facts);
        }
        json
    }

    fn invite_facts(&self, invite: &Invite) -> Value {
        json!({
            "type": 0,
            "code": invite.code,
            "inviter": self.user(invite.inviter).map(super::User::json).unwrap_or_default(),
            "created_at": iso8601(invite.created),
            "expires_at": invite.expires().map(iso8601),
            "max_age": invite.terms.max_age,
            "max_uses": invite.terms.max_uses,
            "temporary": invite.terms.temporary,
            "uses": invite.uses,
        })
    }
}
