//! The endpoints of members and bans, and the audit log.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::intents;
use crate::world::member::{Change, MemberEdit, Timeout};
use crate::world::permission as may;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp;

/// The longest timeout: 28 days, in milliseconds.
const MAX_TIMEOUT: u64 = 28 * 86_400_000;

const MEMBER: &[Rule] = &[
    optional("nick", Is::Text(0, 32)),
    optional("roles", Is::List(250)),
    optional("mute", Is::Boolean),
    optional("deaf", Is::Boolean),
    optional("communication_disabled_until", Is::Text(1, 40)),
];
const OWN_MEMBER: &[Rule] = &[optional("nick", Is::Text(0, 32))];
const BAN: &[Rule] = &[
    optional("delete_message_seconds", Is::Integer(0, 604_800)),
    optional("delete_message_days", Is::Integer(0, 7)),
];
const BANS: &[Rule] = &[required("user_ids", Is::List(200))];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    if call.surroundings.granted_intents & intents::GUILD_MEMBERS == 0 {
        return Err(Refusal::MissingAccess.into());
    }
    let (after, limit) = (
        query::after(&call.query)?,
        query::limit(&call.query, 1, 1000)?,
    );
    let users = call.world.members(guild);
    let later = users
        .iter()
        .filter(|user| after.is_none_or(|after| user.id > after));
    let members = later
        .take(limit)
        .filter_map(|user| call.world.member(guild, user.id));
    Ok(Answer::Json(members.collect()))
}

pub(crate) fn search(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let limit = query::limit(&call.query, 1, 1000)?;
    let wanted = query::pairs(&call.query).find(|(name, _)| name == "query");
    let Some((_, wanted)) = wanted else {
        return Err(Error::of_field(
            &["query"],
            "BASE_TYPE_REQUIRED",
            "This field is required",
        ));
    };
    let wanted = wanted.to_lowercase();
    let users = call.world.members(guild);
    let members = users.iter().filter_map(|user| {
        let member = call.world.member(guild, user.id)?;
        let nick = member["nick"].as_str().unwrap_or_default().to_lowercase();
        let fits = user.name.to_lowercase().starts_with(&wanted) || nick.starts_with(&wanted);
        fits.then_some(member)
    });
    Ok(Answer::Json(members.take(limit).collect()))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let (user, bot) = (call.id("user_id")?, call.world.bot().id);
    call.world
        .member(guild, user)
        .ok_or(Refusal::UnknownMember)?;
    let fields = call.fields(MEMBER)?;
    let edit = member_edit(&fields, call.now)?;
    if user != bot {
        call.world.require_above(guild, bot, user)?;
    }
    let needed = [
        (edit.nick.is_change(), may::MANAGE_NICKNAMES),
        (edit.roles.is_some(), may::MANAGE_ROLES),
        (edit.timeout.is_change(), may::MODERATE_MEMBERS),
        (edit.mute.is_some(), may::MUTE_MEMBERS),
        (edit.deaf.is_some(), may::DEAFEN_MEMBERS),
    ];
    let needed = needed.iter().filter(|(is_changed, _)| *is_changed);
    let bits = needed.fold(0, |bits, (_, bit)| bits | bit);
    call.world.require(guild, bot, bits, call.now)?;
    for role in edit.roles.iter().flatten() {
        call.world.require_above_role(guild, bot, *role)?;
    }
    let action = if edit.roles.is_some() {
        Action::MemberRoleUpdate
    } else {
        Action::MemberUpdate
    };
    call.world.edit_member(guild, user, edit)?;
    call.audit(guild, action, user);
    Ok(Answer::Json(
        call.world.member(guild, user).unwrap_or_default(),
    ))
}

pub(crate) fn edit_own(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::CHANGE_NICKNAME)?;
    let bot = call.world.bot().id;
    let fields = call.fields(OWN_MEMBER)?;
    let edit = member_edit(&fields, call.now)?;
    call.world.edit_member(guild, bot, edit)?;
    call.audit(guild, Action::MemberUpdate, bot);
    Ok(Answer::Json(
        call.world.member(guild, bot).unwrap_or_default(),
    ))
}

pub(crate) fn kick(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, user) = target(call, may::KICK_MEMBERS)?;
    call.world.remove_member(guild, user)?;
    call.audit(guild, Action::MemberKick, user);
    Ok(Answer::NoContent)
}

pub(crate) fn add_role(call: &mut Call<'_>) -> Result<Answer, Error> {
    set_role(call, true)
}

pub(crate) fn remove_role(call: &mut Call<'_>) -> Result<Answer, Error> {
    set_role(call, false)
}

fn set_role(call: &mut Call<'_>, has: bool) -> Result<Answer, Error> {
    let guild = call.guild_with(may::MANAGE_ROLES)?;
    let (user, role) = (call.id("user_id")?, call.id("role_id")?);
    let bot = call.world.bot().id;
    call.world.require_above_role(guild, bot, role)?;
    call.world.set_role(guild, user, role, has)?;
    call.audit(guild, Action::MemberRoleUpdate, user);
    Ok(Answer::NoContent)
}

pub(crate) fn list_bans(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::BAN_MEMBERS)?;
    let (after, limit) = (
        query::after(&call.query)?,
        query::limit(&call.query, 1000, 1000)?,
    );
    let banned = call.world.banned(guild);
    let later = banned
        .into_iter()
        .filter(|id| after.is_none_or(|after| *id > after));
    let bans = later
        .take(limit)
        .filter_map(|id| call.world.ban_json(guild, id).ok());
    Ok(Answer::Json(bans.collect()))
}

pub(crate) fn get_ban(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::BAN_MEMBERS)?;
    Ok(Answer::Json(
        call.world.ban_json(guild, call.id("user_id")?)?,
    ))
}

pub(crate) fn ban(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, user) = target(call, may::BAN_MEMBERS)?;
    let fields = call.fields(BAN)?;
    let since = delete_since(&fields, call.now);
    let reason = call.reason.clone();
    call.world.ban(guild, user, reason, since)?;
    call.audit(guild, Action::MemberBanAdd, user);
    Ok(Answer::NoContent)
}

pub(crate) fn ban_many(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::BAN_MEMBERS)?;
    let fields = call.fields(&[BANS, BAN].concat())?;
    let since = delete_since(&fields, call.now);
    let bot = call.world.bot().id;
    let (mut banned, mut failed) = (Vec::new(), Vec::new());
    for id in fields["user_ids"].as_array().into_iter().flatten() {
        let Some(user) = rules::id(id) else {
            return Err(Error::of_field(
                &["user_ids"],
                "NUMBER_TYPE_COERCE",
                "Value is not snowflake.",
            ));
        };
        let is_allowed = call.world.require_above(guild, bot, user).is_ok();
        let reason = call.reason.clone();
        if is_allowed && call.world.ban(guild, user, reason, since).is_ok() {
            call.audit(guild, Action::MemberBanAdd, user);
            banned.push(user);
        } else {
            failed.push(user);
        }
    }
    if banned.is_empty() {
        return Err(Refusal::NobodyBanned.into());
    }
    Ok(Answer::Json(
        json!({ "banned_users": banned, "failed_users": failed }),
    ))
}

pub(crate) fn unban(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::BAN_MEMBERS)?;
    let user = call.id("user_id")?;
    call.world.unban(guild, user)?;
    call.audit(guild, Action::MemberBanRemove, user);
    Ok(Answer::NoContent)
}

pub(crate) fn audit_log(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(may::VIEW_AUDIT_LOG)?;
    let limit = query::limit(&call.query, 50, 100)?;
    let wanted = |name: &str| query::pairs(&call.query).find(|(known, _)| known == name);
    let (action, user) = (wanted("action_type"), wanted("user_id"));
    let fits = |entry: &Value| {
        let action = action
            .as_ref()
            .is_none_or(|(_, action)| entry["action_type"].as_u64() == action.parse().ok());
        action
            && user
                .as_ref()
                .is_none_or(|(_, user)| entry["user_id"] == **user)
    };
    let entries = call.world.audit_log(guild).into_iter();
    let entries: Vec<_> = entries.filter(fits).take(limit).collect();
    Ok(Answer::Json(json!({
        "audit_log_entries": entries,
        "users": [call.world.bot().json()],
        "application_commands": [],
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "threads": [],
        "webhooks": [],
    })))
}

/// The guild and the user in the path, on whom the bot may act.
fn target(call: &Call<'_>, bits: u64) -> Result<(Snowflake, Snowflake), Error> {
    let guild = call.guild_with(bits)?;
    let (user, bot) = (call.id("user_id")?, call.world.bot().id);
    call.world.user(user)?;
    call.world.require_above(guild, bot, user)?;
    Ok((guild, user))
}

pub(super) fn member_edit(fields: &Map<String, Value>, now: u64) -> Result<MemberEdit, Error> {
    let mut edit = MemberEdit::default();
    if let Some(nick) = fields.get("nick") {
        let nick = nick.as_str().filter(|nick| !nick.is_empty());
        edit.nick = Change::to(nick.map(ToOwned::to_owned));
    }
    if let Some(roles) = fields.get("roles").and_then(Value::as_array) {
        let ids: Option<Vec<_>> = roles.iter().map(rules::id).collect();
        let wrong = || Error::of_field(&["roles"], "NUMBER_TYPE_COERCE", "Value is not snowflake.");
        edit.roles = Some(ids.ok_or_else(wrong)?);
    }
    if let Some(until) = fields.get("communication_disabled_until") {
        edit.timeout = Change::to(timeout(until, now)?);
    }
    edit.mute = fields.get("mute").and_then(Value::as_bool);
    edit.deaf = fields.get("deaf").and_then(Value::as_bool);
    Ok(edit)
}

fn timeout(until: &Value, now: u64) -> Result<Option<Timeout>, Error> {
    let Some(text) = until.as_str() else {
        return Ok(None);
    };
    let wrong = |code: &str, message: &str| {
        Error::of_field(&["communication_disabled_until"], code, message)
    };
    let ends = timestamp::parse_iso8601(text).ok_or_else(|| {
        wrong(
            "DATE_TIME_TYPE_PARSE",
            "Could not parse date. Should be ISO8601.",
        )
    })?;
    if ends > now.saturating_add(MAX_TIMEOUT) {
        return Err(wrong(
            "DATE_TIME_TYPE_MAX",
            "Timeouts are at most 28 days long.",
        ));
    }
    // A time in the past ends the timeout.
    Ok((ends > now).then_some(Timeout { ends }))
}

fn delete_since(fields: &Map<String, Value>, now: u64) -> Option<u64> {
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let days = number("delete_message_days").map(|days| days * 86_400);
    let seconds = number("delete_message_seconds").or(days)?;
    (seconds > 0).then(|| now.saturating_sub(seconds * 1000))
}
