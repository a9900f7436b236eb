//! The endpoints of voice states and stages.

use serde_json::Value;

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::permission::{MANAGE_CHANNELS, MOVE_MEMBERS, MUTE_MEMBERS, REQUEST_TO_SPEAK};
use crate::world::snowflake::Snowflake;

/// What makes a member a moderator of a stage.
const MODERATE_STAGE: u64 = MANAGE_CHANNELS | MUTE_MEMBERS | MOVE_MEMBERS;

const OWN_STATE: &[Rule] = &[
    optional("channel_id", Is::Id),
    optional("suppress", Is::Boolean),
    optional("request_to_speak_timestamp", Is::Time),
];
const STATE: &[Rule] = &[
    optional("channel_id", Is::Id),
    optional("suppress", Is::Boolean),
];
const NEW_STAGE: &[Rule] = &[
    required("channel_id", Is::Id),
    required("topic", Is::Text(1, 120)),
    optional("privacy_level", Is::OneOf(&[2])),
    optional("send_start_notification", Is::Boolean),
    optional("guild_scheduled_event_id", Is::Id),
];
const STAGE: &[Rule] = &[
    optional("topic", Is::Text(1, 120)),
    optional("privacy_level", Is::OneOf(&[2])),
];

pub(crate) fn own_state(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, bot) = (call.guild()?, call.world.bot().id);
    Ok(Answer::Json(call.world.voice_state_json(guild, bot)?))
}

pub(crate) fn state(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, user) = (call.guild()?, call.id("user_id")?);
    Ok(Answer::Json(call.world.voice_state_json(guild, user)?))
}

/// Asks to speak on a stage, or speaks.
pub(crate) fn edit_own_state(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, bot) = (call.guild()?, call.world.bot().id);
    let fields = call.fields(OWN_STATE)?;
    if fields.get("suppress").and_then(Value::as_bool) == Some(false) {
        call.guild_with(MUTE_MEMBERS)?;
    }
    if fields
        .get("request_to_speak_timestamp")
        .is_some_and(Value::is_string)
    {
        call.guild_with(REQUEST_TO_SPEAK)?;
    }
    call.world.edit_voice_state(guild, bot, &fields)?;
    Ok(Answer::NoContent)
}

/// Lets somebody speak on a stage, or not.
pub(crate) fn edit_state(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MUTE_MEMBERS)?;
    let user = call.id("user_id")?;
    let fields = call.fields(STATE)?;
    call.world.edit_voice_state(guild, user, &fields)?;
    Ok(Answer::NoContent)
}

pub(crate) fn stage(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    call.require_in(channel, 0)?;
    Ok(Answer::Json(call.world.stage(channel)?.clone()))
}

pub(crate) fn open_stage(call: &mut Call<'_>) -> Result<Answer, Error> {
    let fields = call.fields(NEW_STAGE)?;
    let channel = rules::id(&fields["channel_id"]).unwrap_or(call.world.bot().id);
    call.require_in(channel, MODERATE_STAGE)?;
    let event = fields.get("guild_scheduled_event_id");
    let event = event.cloned().unwrap_or_default();
    let stage = call
        .world
        .open_stage(channel, &fields["topic"], &event, call.now)?;
    Ok(Answer::Json(stage))
}

pub(crate) fn edit_stage(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = moderated(call)?;
    let fields = call.fields(STAGE)?;
    let topic = fields.get("topic").cloned().unwrap_or_default();
    Ok(Answer::Json(call.world.edit_stage(channel, &topic)?))
}

pub(crate) fn close_stage(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = moderated(call)?;
    call.world.close_stage(channel)?;
    Ok(Answer::NoContent)
}

fn moderated(call: &Call<'_>) -> Result<Snowflake, Error> {
    let channel = call.id("channel_id")?;
    call.require_in(channel, MODERATE_STAGE)?;
    Ok(channel)
}
