//! Permissions: bits, who has which, and who may act on whom.
//!
//! See [Discord Docs/Permissions].
//!
//! [Discord Docs/Permissions]: https://discord.com/developers/docs/topics/permissions

use serde_json::{Value, json};

use super::World;
use super::guild::Guild;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

pub(crate) const KICK_MEMBERS: u64 = 1 << 1;
pub(crate) const BAN_MEMBERS: u64 = 1 << 2;
pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_AUDIT_LOG: u64 = 1 << 7;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MUTE_MEMBERS: u64 = 1 << 22;
pub(crate) const DEAFEN_MEMBERS: u64 = 1 << 23;
pub(crate) const CHANGE_NICKNAME: u64 = 1 << 26;
pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;

/// Every permission that Discord has.
pub(crate) const ALL: u64 = (1 << 51) - 1;
/// What the role `@everyone` has in a new guild.
pub(crate) const EVERYDAY: u64 = 2_248_473_465_835_073;
/// What is left to a member during a timeout.
const IN_TIMEOUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

impl World {
    /// The permissions of a member in a guild; nobody else has any.
    pub(crate) fn permissions(&self, guild: Snowflake, user: Snowflake, now: u64) -> u64 {
        let Some(guild) = self.guilds.get(&guild) else {
            return 0;
        };
        let Some(member) = guild.members.get(&user) else {
            return 0;
        };
        if user == guild.owner {
            return ALL;
        }
        let roles = member.roles.iter().chain([&guild.id]);
        let roles = roles.filter_map(|role| guild.roles.get(role));
        let base = roles.fold(0, |bits, role| bits | role.permissions());
        if base & ADMINISTRATOR != 0 {
            return ALL;
        }
        if member
            .timeout
            .as_ref()
            .is_some_and(|timeout| timeout.ends > now)
        {
            return base & IN_TIMEOUT;
        }
        base
    }

    /// The permissions of a member in a guild, as in JSON: without regard to a timeout.
    pub(crate) fn permissions_json(&self, guild: Snowflake, user: Snowflake) -> Value {
        json!(self.permissions(guild, user, u64::MAX).to_string())
    }

    /// Refuses a member without one of these permissions.
    pub(crate) fn require(
        &self,
        guild: Snowflake,
        user: Snowflake,
        bits: u64,
        now: u64,
    ) -> Result<(), Refusal> {
        if self.permissions(guild, user, now) & bits == bits {
            Ok(())
        } else {
            Err(Refusal::MissingPermissions)
        }
    }

    /// Refuses a member who cannot see the channel, or lacks one of these permissions there. In direct
    /// messages everything is allowed.
    pub(crate) fn require_in(
        &self,
        channel: Snowflake,
        user: Snowflake,
        bits: u64,
        now: u64,
    ) -> Result<(), Refusal> {
        let Some(guild) = self.channel(channel)?.guild() else {
            return Ok(());
        };
        if self.permissions(guild, user, now) & VIEW_CHANNEL == 0 {
            return Err(Refusal::MissingAccess);
        }
        self.require(guild, user, bits, now)
    }

    /// Refuses to act on a member whose highest role is not below the actor's. Nobody acts on the owner.
    pub(crate) fn require_above(
        &self,
        guild: Snowflake,
        actor: Snowflake,
        target: Snowflake,
    ) -> Result<(), Refusal> {
        let guild = self.guild(guild)?;
        let is_above = rank(guild, actor) > rank(guild, target);
        let is_allowed = actor == guild.owner || is_above && target != guild.owner;
        is_allowed.then_some(()).ok_or(Refusal::MissingPermissions)
    }

    /// Refuses to change a role that is not below the actor's highest.
    pub(crate) fn require_above_role(
        &self,
        guild: Snowflake,
        actor: Snowflake,
        role: Snowflake,
    ) -> Result<(), Refusal> {
        let position = self.role(guild, role)?.position();
        let guild = self.guild(guild)?;
        let is_above = actor == guild.owner || rank(guild, actor) > position;
        is_above.then_some(()).ok_or(Refusal::MissingPermissions)
    }
}

/// The position of the highest role of a member.
fn rank(guild: &Guild, user: Snowflake) -> u64 {
    let member = guild.members.get(&user);
    let roles = member.into_iter().flat_map(|member| &member.roles);
    let roles = roles.filter_map(|role| guild.roles.get(role));
    roles.map(super::role::Role::position).max().unwrap_or(0)
}
