//! Permissions: bits, who has which, and who may act on whom.
//!
//! See [Discord Docs/Permissions].
//!
//! [Discord Docs/Permissions]: https://discord.com/developers/docs/topics/permissions

use serde_json::{Value, json};

use super::World;
use super::channel::Kind;
use super::guild::Guild;
use super::overwrite::Overwrite;
use super::refusal::Refusal;
use super::thread::Thread;
use crate::world::snowflake::Snowflake;

pub(crate) const CREATE_INSTANT_INVITE: u64 = 1 << 0;
pub(crate) const KICK_MEMBERS: u64 = 1 << 1;
pub(crate) const BAN_MEMBERS: u64 = 1 << 2;
pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(crate) const MANAGE_GUILD: u64 = 1 << 5;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_AUDIT_LOG: u64 = 1 << 7;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
const SEND_TTS_MESSAGES: u64 = 1 << 12;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const MUTE_MEMBERS: u64 = 1 << 22;
pub(crate) const DEAFEN_MEMBERS: u64 = 1 << 23;
pub(crate) const MOVE_MEMBERS: u64 = 1 << 24;
pub(crate) const CHANGE_NICKNAME: u64 = 1 << 26;
pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const MANAGE_WEBHOOKS: u64 = 1 << 29;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
pub(crate) const MANAGE_GUILD_EXPRESSIONS: u64 = 1 << 30;
pub(crate) const REQUEST_TO_SPEAK: u64 = 1 << 32;
pub(crate) const MANAGE_EVENTS: u64 = 1 << 33;
pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;
pub(crate) const CREATE_GUILD_EXPRESSIONS: u64 = 1 << 43;
pub(crate) const CREATE_EVENTS: u64 = 1 << 44;

pub(crate) const SET_VOICE_CHANNEL_STATUS: u64 = 1 << 48;
pub(crate) const SEND_POLLS: u64 = 1 << 49;
/// Pinning messages, which needed `MANAGE_MESSAGES` before.
pub(crate) const PIN_MESSAGES: u64 = 1 << 51;

/// Every permission that Discord has.
pub(crate) const ALL: u64 = (1 << 53) - 1;
/// What the role `@everyone` has in a new guild.
pub(crate) const EVERYDAY: u64 = 2_248_473_465_835_073;
/// What is left to a member during a timeout.
const IN_TIMEOUT: u64 = VIEW_CHANNEL | READ_MESSAGE_HISTORY;

impl World {
    /// The permissions of a member in a guild; nobody else has any.
    pub(crate) fn permissions(&self, guild: Snowflake, user: Snowflake, now: u64) -> u64 {
        let guild = self.guilds.get(&guild);
        guild.map_or(0, |guild| silenced(guild, user, granted(guild, user), now))
    }

    /// The permissions of a member in a channel: those of the guild, changed by the overwrites for
    /// `@everyone`, then for the member's roles together, then for the member. In direct messages
    /// everything is allowed.
    pub(crate) fn permissions_in(&self, channel: Snowflake, user: Snowflake, now: u64) -> u64 {
        let Some(channel) = self.channels.get(&channel) else {
            return 0;
        };
        let Some(guild) = channel.guild() else {
            return ALL;
        };
        let Some(guild) = self.guilds.get(&guild) else {
            return 0;
        };
        let granted = granted(guild, user);
        let member = guild.members.get(&user);
        let Some(member) = member.filter(|_| granted != ALL) else {
            return granted;
        };
        // A thread has the overwrites of its parent.
        let thread = channel.thread.as_ref();
        let parent = thread.and_then(|thread| self.channels.get(&thread.parent));
        let overwrites = &parent.unwrap_or(channel).overwrites;
        let of_everyone = overwrites.get(&guild.id).into_iter();
        let of_roles = member.roles.iter().filter_map(|role| overwrites.get(role));
        let of_roles = of_roles.copied().reduce(|one, other| Overwrite {
            allow: one.allow | other.allow,
            deny: one.deny | other.deny,
            ..one
        });
        let of_member = overwrites.get(&user).into_iter();
        let in_order = of_everyone.chain(of_roles.as_ref()).chain(of_member);
        let bits = in_order.fold(granted, |bits, overwrite| overwrite.apply(bits));
        let bits = thread.map_or(bits, |thread| in_thread(channel.kind, thread, user, bits));
        silenced(guild, user, consistent(bits), now)
    }

    /// Whether the bot can see the channel, and so what happens there.
    pub(crate) fn bot_sees(&self, channel: Snowflake) -> bool {
        self.permissions_in(channel, self.bot, u64::MAX) & VIEW_CHANNEL != 0
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
        self.channel(channel)?;
        let has = self.permissions_in(channel, user, now);
        if has & VIEW_CHANNEL == 0 {
            return Err(Refusal::MissingAccess);
        }
        let is_allowed = has & bits == bits;
        is_allowed.then_some(()).ok_or(Refusal::MissingPermissions)
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

/// What the roles of a member grant. The owner and administrators have everything.
fn granted(guild: &Guild, user: Snowflake) -> u64 {
    let Some(member) = guild.members.get(&user) else {
        return 0;
    };
    if user == guild.owner {
        return ALL;
    }
    let roles = member.roles.iter().chain([&guild.id]);
    let roles = roles.filter_map(|role| guild.roles.get(role));
    let bits = roles.fold(0, |bits, role| bits | role.permissions());
    if bits & ADMINISTRATOR != 0 { ALL } else { bits }
}

/// What a timeout leaves of these permissions. It does not affect those who have everything.
fn silenced(guild: &Guild, user: Snowflake, bits: u64, now: u64) -> u64 {
    let member = guild.members.get(&user);
    let timeout = member.and_then(|member| member.timeout.as_ref());
    if bits != ALL && timeout.is_some_and(|timeout| timeout.ends > now) {
        return bits & IN_TIMEOUT;
    }
    bits
}

/// What these permissions of the parent mean in a thread: sending has a permission of its own there,
/// and private threads are seen by their members, and by those who manage threads.
fn in_thread(kind: Kind, thread: &Thread, user: Snowflake, bits: u64) -> u64 {
    let is_member = thread.members.contains_key(&user);
    if kind == Kind::PrivateThread && !is_member && bits & MANAGE_THREADS == 0 {
        return 0;
    }
    let may_send = bits & SEND_MESSAGES_IN_THREADS != 0;
    if may_send {
        bits | SEND_MESSAGES
    } else {
        bits & !SEND_MESSAGES
    }
}

/// Without what other permissions require: nothing works in a channel that cannot be seen, and some
/// permissions are about messages that cannot be sent.
fn consistent(bits: u64) -> u64 {
    const OF_SENDING: u64 = SEND_TTS_MESSAGES | EMBED_LINKS | ATTACH_FILES | MENTION_EVERYONE;
    if bits & VIEW_CHANNEL == 0 {
        0
    } else if bits & SEND_MESSAGES == 0 {
        bits & !OF_SENDING
    } else {
        bits
    }
}

/// The position of the highest role of a member.
fn rank(guild: &Guild, user: Snowflake) -> u64 {
    let member = guild.members.get(&user);
    let roles = member.into_iter().flat_map(|member| &member.roles);
    let roles = roles.filter_map(|role| guild.roles.get(role));
    roles.map(super::role::Role::position).max().unwrap_or(0)
}
