//! The endpoints of pinned messages: the paginated ones, and those that they replaced.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::messages::{check_active, place, readable};
use super::query;
use super::reply::Answer;
use crate::world::audit::Action;
use crate::world::permission::{PIN_MESSAGES, READ_MESSAGE_HISTORY};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// How many pins are on a page, and how many the route without pages returns.
const PAGE: usize = 50;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = readable_channel(call)?;
    let limit = query::limit(&call.query, PAGE, PAGE)?;
    let before = query::pairs(&call.query).find(|(name, _)| name == "before");
    let before = before.map(|(_, time)| query::time("before", &time));
    let before = before.transpose()?.unwrap_or(u64::MAX);
    let pins = call.world.pins(channel)?;
    let older: Vec<_> = pins.into_iter().filter(|(at, _)| *at < before).collect();
    let place = call.world.channel(channel)?;
    let items = older.iter().take(limit).map(|(at, message)| {
        let message = call.world.message_json(place, message);
        json!({ "pinned_at": iso8601(*at), "message": readable(call, channel, message) })
    });
    let items: Value = items.collect();
    Ok(Answer::Json(
        json!({ "items": items, "has_more": older.len() > limit }),
    ))
}

/// The newest pins, as a list of messages.
pub(crate) fn list_without_pages(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = readable_channel(call)?;
    let place = call.world.channel(channel)?;
    let pins = call.world.pins(channel)?.into_iter().take(PAGE);
    let messages = pins.map(|(_, message)| {
        let message = call.world.message_json(place, message);
        readable(call, channel, message)
    });
    Ok(Answer::Json(messages.collect()))
}

pub(crate) fn pin(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = changeable(call)?;
    let bot = call.world.bot().id;
    call.world.pin(channel, id, bot, call.now)?;
    call.audit_in(channel, Action::MessagePin, id);
    Ok(Answer::NoContent)
}

pub(crate) fn unpin(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = changeable(call)?;
    call.world.unpin(channel, id)?;
    call.audit_in(channel, Action::MessageUnpin, id);
    Ok(Answer::NoContent)
}

fn readable_channel(call: &Call<'_>) -> Result<Snowflake, Error> {
    let channel = call.id("channel_id")?;
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    Ok(channel)
}

fn changeable(call: &Call<'_>) -> Result<(Snowflake, Snowflake), Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, PIN_MESSAGES)?;
    check_active(call, channel)?;
    let message = call.world.message(channel, id)?;
    // Only what users write can be pinned.
    let is_of_system = !matches!(message["type"].as_u64(), Some(0 | 19 | 20 | 23));
    if is_of_system {
        return Err(Refusal::SystemMessage.into());
    }
    Ok((channel, id))
}
