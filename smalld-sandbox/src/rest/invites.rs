//! The endpoints of invites.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::query;
use super::reply::Answer;
use super::rules::{Is, Rule, optional};
use crate::world::audit::Action;
use crate::world::invite::Terms;
use crate::world::permission::{CREATE_INSTANT_INVITE, MANAGE_CHANNELS, MANAGE_GUILD};
use crate::world::refusal::Refusal;

/// A day, in seconds.
const DEFAULT_AGE: u64 = 86_400;

const INVITE: &[Rule] = &[
    optional("max_age", Is::Integer(0, 604_800)),
    optional("max_uses", Is::Integer(0, 100)),
    optional("temporary", Is::Boolean),
    optional("unique", Is::Boolean),
    optional("target_type", Is::OneOf(&[1, 2])),
    optional("target_user_id", Is::Id),
    optional("target_application_id", Is::Id),
    optional("role_ids", Is::Ids(25)),
];

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    let bot = call.world.bot().id;
    call.world
        .require_in(channel, bot, CREATE_INSTANT_INVITE, call.now)?;
    let fields = call.fields(INVITE)?;
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let flag = |key: &str| fields.get(key) == Some(&json!(true));
    let terms = Terms {
        max_age: number("max_age").unwrap_or(DEFAULT_AGE),
        max_uses: number("max_uses").unwrap_or(0),
        temporary: flag("temporary"),
    };
    let (invite, is_new) = call
        .world
        .add_invite(channel, bot, terms, flag("unique"), call.now)?;
    let json = call.world.managed_invite_json(&invite);
    if is_new {
        let made = json!({ "code": invite.code, "channel_id": channel, "max_age": terms.max_age });
        let change = (&Value::Null, &made);
        call.audit_change(invite.guild, Action::InviteCreate, channel, change);
    }
    Ok(Answer::Json(json))
}

pub(crate) fn of_channel(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    let bot = call.world.bot().id;
    call.world
        .require_in(channel, bot, MANAGE_CHANNELS, call.now)?;
    let guild = call
        .world
        .guild_of(channel)
        .ok_or(Refusal::NotInDirectMessages)?;
    let invites = call.world.invites(guild, Some(channel), call.now);
    let invites = invites.map(|invite| call.world.managed_invite_json(invite));
    Ok(Answer::Json(invites.collect()))
}

pub(crate) fn of_guild(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let invites = call.world.invites(guild, None, call.now);
    let invites = invites.map(|invite| call.world.managed_invite_json(invite));
    Ok(Answer::Json(invites.collect()))
}

/// Anybody who has the code sees the invite.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let invite = call.world.invite(call.value("code"), call.now)?;
    let with_counts = query::flag(&call.query, "with_counts");
    let mut json = call.world.invite_json(invite, with_counts);
    let event = query::id_in(&call.query, "guild_scheduled_event_id")?;
    let events = &call.world.guild(invite.guild)?.scheduled_events;
    if let Some(event) = event.and_then(|event| events.get(event)) {
        json["guild_scheduled_event"] = event.clone();
    }
    Ok(Answer::Json(json))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let code = call.value("code").to_owned();
    let invite = call.world.invite(&code, call.now)?;
    let (guild, channel, bot) = (invite.guild, invite.channel, call.world.bot().id);
    let manages_guild = call.world.require(guild, bot, MANAGE_GUILD, call.now);
    if manages_guild.is_err() {
        call.world
            .require_in(channel, bot, MANAGE_CHANNELS, call.now)?;
    }
    let invite = call.world.delete_invite(&code)?;
    let json = call.world.invite_json(&invite, false);
    let gone = json!({ "code": code, "channel_id": channel, "max_age": invite.terms.max_age });
    call.audit_change(guild, Action::InviteDelete, channel, (&gone, &Value::Null));
    Ok(Answer::Json(json))
}
