//! The endpoints of exceptions: occurrences of a recurring event at another time, or not at all.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{Is, Rule, optional, required};
use super::scheduled_events::own;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

const NEW_EXCEPTION: &[Rule] = &[
    required("original_scheduled_start_time", Is::Time),
    optional("scheduled_start_time", Is::Time),
    optional("scheduled_end_time", Is::Time),
    optional("is_canceled", Is::Boolean),
];
const EXCEPTION: &[Rule] = &[
    optional("scheduled_start_time", Is::Time),
    optional("scheduled_end_time", Is::Time),
    optional("is_canceled", Is::Boolean),
];

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, event) = own(call)?;
    let fields = call.fields(NEW_EXCEPTION)?;
    let id = call.world.new_id(call.now);
    let exception = json!({
        "event_id": event,
        "event_exception_id": id,
        "scheduled_start_time": null,
        "scheduled_end_time": null,
        "is_canceled": false,
    });
    let exception = with(exception, &fields);
    let mut all = exceptions(call, guild, event)?;
    all.push(exception.clone());
    call.world.set_exceptions(guild, event, &all)?;
    Ok(Answer::Json(exception))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, event) = own(call)?;
    let fields = call.fields(EXCEPTION)?;
    let (mut all, place) = found(call, guild, event)?;
    all[place] = with(all[place].clone(), &fields);
    let exception = all[place].clone();
    call.world.set_exceptions(guild, event, &all)?;
    Ok(Answer::Json(exception))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, event) = own(call)?;
    let (mut all, place) = found(call, guild, event)?;
    all.remove(place);
    call.world.set_exceptions(guild, event, &all)?;
    Ok(Answer::NoContent)
}

/// Nobody says of one occurrence that they are interested.
pub(crate) fn users(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, event) = (call.guild()?, call.id("guild_scheduled_event_id")?);
    call.world.scheduled_event(guild, event)?;
    call.id("guild_scheduled_event_exception_id")?;
    Ok(Answer::Json(json!([])))
}

fn exceptions(call: &Call<'_>, guild: Snowflake, event: Snowflake) -> Result<Vec<Value>, Error> {
    let event = call.world.scheduled_event(guild, event)?;
    let exceptions = event["guild_scheduled_event_exceptions"].as_array();
    Ok(exceptions.cloned().unwrap_or_default())
}

fn found(
    call: &Call<'_>,
    guild: Snowflake,
    event: Snowflake,
) -> Result<(Vec<Value>, usize), Error> {
    let id = json!(call.id("exception_id")?);
    let all = exceptions(call, guild, event)?;
    let place = all
        .iter()
        .position(|known| known["event_exception_id"] == id);
    Ok((all, place.ok_or(Refusal::UnknownScheduledEvent)?))
}

fn with(mut exception: Value, fields: &Map<String, Value>) -> Value {
    for key in ["scheduled_start_time", "scheduled_end_time", "is_canceled"] {
        if let Some(value) = fields.get(key) {
            exception[key] = value.clone();
        }
    }
    exception
}
