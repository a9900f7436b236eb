//! The endpoints of messages, their reactions, and typing.

use serde_json::{Value, json};

use super::Answer;
use super::body::Body;
use super::error::Error;
use super::{form, query};
use crate::hub::Hub;
use crate::intents;
use crate::snowflake::Snowflake;
use crate::world::{Refusal, User, World};

pub(crate) fn list(hub: &Hub, channel: Snowflake, query: &str) -> Result<Answer, Error> {
    let (page, limit) = (query::page(query)?, query::limit(query, 50, 100)?);
    hub.look(|state| {
        let place = state.world.channel(channel)?;
        let messages = place.page(page, limit).into_iter().map(|message| {
            let message = state.world.message_json(place, message);
            readable(hub, &state.world, channel, message)
        });
        Ok(Answer::Json(messages.collect()))
    })
}

pub(crate) fn get(hub: &Hub, channel: Snowflake, id: Snowflake) -> Result<Answer, Error> {
    hub.look(|state| {
        let message = state.world.message(channel, id)?;
        Ok(Answer::Json(readable(hub, &state.world, channel, message)))
    })
}

pub(crate) fn create(hub: &Hub, channel: Snowflake, body: Body) -> Result<Answer, Error> {
    // Whether the channel exists comes first: what is wrong with the form matters less.
    hub.look(|state| state.world.channel(channel).map(|_| ()))?;
    let draft = form::draft(body)?;
    hub.change(|world, now| {
        let id = world.post(channel, world.bot().id, draft, now)?;
        Ok(Answer::Json(world.message(channel, id)?))
    })
}

pub(crate) fn edit(
    hub: &Hub,
    channel: Snowflake,
    id: Snowflake,
    body: Body,
) -> Result<Answer, Error> {
    hub.look(|state| state.world.message(channel, id).map(|_| ()))?;
    let edit = form::edit(body)?;
    hub.change(|world, now| {
        if world.would_be_empty(channel, id, &edit) {
            return Err(Refusal::EmptyMessage.into());
        }
        world.edit(channel, id, world.bot().id, edit, now)?;
        Ok(Answer::Json(world.message(channel, id)?))
    })
}

pub(crate) fn delete(hub: &Hub, channel: Snowflake, id: Snowflake) -> Result<Answer, Error> {
    hub.change(|world, _| world.delete(channel, id, world.bot().id))?;
    Ok(Answer::Nothing)
}

pub(crate) fn react(
    hub: &Hub,
    channel: Snowflake,
    id: Snowflake,
    emoji: &str,
) -> Result<Answer, Error> {
    hub.change(|world, _| world.react(channel, id, world.bot().id, emoji))?;
    Ok(Answer::Nothing)
}

pub(crate) fn unreact(
    hub: &Hub,
    channel: Snowflake,
    id: Snowflake,
    emoji: &str,
) -> Result<Answer, Error> {
    hub.change(|world, _| world.unreact(channel, id, world.bot().id, emoji))?;
    Ok(Answer::Nothing)
}

pub(crate) fn reactors(
    hub: &Hub,
    channel: Snowflake,
    id: Snowflake,
    emoji: &str,
    query: &str,
) -> Result<Answer, Error> {
    let (after, limit) = (query::after(query)?, query::limit(query, 25, 100)?);
    hub.look(|state| {
        let users = state.world.reactors(channel, id, emoji)?;
        let later = users
            .into_iter()
            .filter(|user| after.is_none_or(|after| user.id > after));
        Ok(Answer::Json(later.take(limit).map(User::json).collect()))
    })
}

pub(crate) fn type_in(hub: &Hub, channel: Snowflake) -> Result<Answer, Error> {
    hub.change(|world, now| world.type_in(channel, world.bot().id, now))?;
    Ok(Answer::Nothing)
}

/// Without `MESSAGE_CONTENT` an application reads over REST no more than its gateway tells it.
fn readable(hub: &Hub, world: &World, channel: Snowflake, message: Value) -> Value {
    let in_guild = world
        .channel(channel)
        .is_ok_and(|channel| channel.guild().is_some());
    if !in_guild || hub.settings.granted_intents & intents::MESSAGE_CONTENT != 0 {
        return message;
    }
    let bot_id = world.bot().id.to_string();
    let mut placed = message.clone();
    // What is withheld depends on the place, which REST does not state in a message.
    placed["guild_id"] = json!(world.guild_id());
    let Some(mut withheld) = intents::without_content(&placed, &bot_id) else {
        return message;
    };
    if let Some(fields) = withheld.as_object_mut() {
        fields.remove("guild_id");
    }
    withheld
}
