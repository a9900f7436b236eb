//! The endpoints of messages, and typing.

use std::mem;

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{self, Is, Rule, required};
use super::{message_form, query};
use crate::world::audit::Action;
use crate::world::intents;
use crate::world::permission::{
    ATTACH_FILES, EMBED_LINKS, MANAGE_MESSAGES, MANAGE_THREADS, READ_MESSAGE_HISTORY,
    SEND_MESSAGES, SEND_POLLS,
};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::{Channel, Draft};

const BULK: &[Rule] = &[required("messages", Is::List(100))];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    let (page, limit) = (
        query::page(&call.query)?,
        query::limit(&call.query, 50, 100)?,
    );
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    let place = call.world.channel(channel)?;
    let messages = place.page(page, limit).into_iter().map(|message| {
        let message = call.world.message_json(place, message);
        readable(call, channel, message)
    });
    Ok(Answer::Json(messages.collect()))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    let message = call.world.message(channel, id)?;
    Ok(Answer::Json(readable(call, channel, message)))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    // An unknown channel is reported before a mistake in the body.
    call.require_in(channel, SEND_MESSAGES)?;
    if !call.world.channel(channel)?.kind.has_messages() {
        return Err(Refusal::NotATextChannel.into());
    }
    check_open(call, channel)?;
    let draft = message_form::draft(mem::take(&mut call.body))?;
    call.require_in(channel, needed(&draft))?;
    check_forward(call, &draft)?;
    let bot = call.world.bot().id;
    let id = call.world.post(channel, bot, draft, call.now)?;
    Ok(Answer::Json(call.world.message(channel, id)?))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, 0)?;
    let message = call.world.message(channel, id)?;
    check_active(call, channel)?;
    let edit = message_form::edit(mem::take(&mut call.body))?;
    let bot = call.world.bot().id;
    let is_own = message["author"]["id"] == bot.to_string();
    if let Some(flags) = edit.flags.filter(|_| !is_own && edit.is_of_flags()) {
        call.require_in(channel, MANAGE_MESSAGES)?;
        call.world
            .suppress_embeds(channel, id, flags & (1 << 2) != 0)?;
        return Ok(Answer::Json(call.world.message(channel, id)?));
    }
    if call.world.would_be_empty(channel, id, &edit) {
        return Err(Refusal::EmptyMessage.into());
    }
    call.world.edit(channel, id, bot, edit, call.now)?;
    Ok(Answer::Json(call.world.message(channel, id)?))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    let bot = call.world.bot().id;
    let is_own = call.world.message(channel, id)?["author"]["id"] == bot.to_string();
    call.require_in(channel, if is_own { 0 } else { MANAGE_MESSAGES })?;
    call.world.delete(channel, id, bot)?;
    if !is_own {
        call.audit_in(channel, Action::MessageDelete, id);
    }
    Ok(Answer::NoContent)
}

/// Deletes between 2 and 100 messages at once.
pub(crate) fn delete_many(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    if call.world.channel(channel)?.guild().is_none() {
        return Err(Refusal::NotInDirectMessages.into());
    }
    call.require_in(channel, MANAGE_MESSAGES)?;
    let fields = call.fields(BULK)?;
    let list = fields["messages"].as_array().map(Vec::as_slice);
    let list = list.unwrap_or_default();
    let mut ids: Vec<_> = list.iter().filter_map(rules::id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != list.len() {
        let message = "Values are not unique snowflakes.";
        return Err(Error::of_field(&["messages"], "SET_TYPE_INVALID", message));
    }
    if ids.len() < 2 {
        let message = "Must be between 2 and 100 in length.";
        return Err(Error::of_field(
            &["messages"],
            "BASE_TYPE_BAD_LENGTH",
            message,
        ));
    }
    call.world.delete_many(channel, &ids, call.now)?;
    call.audit_in(channel, Action::MessageBulkDelete, channel);
    Ok(Answer::NoContent)
}

/// Publishes a message of an announcement channel.
pub(crate) fn crosspost(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, 0)?;
    let bot = call.world.bot().id.to_string();
    let is_own = call.world.message(channel, id)?["author"]["id"] == bot;
    let needed = if is_own {
        SEND_MESSAGES
    } else {
        MANAGE_MESSAGES
    };
    call.require_in(channel, needed)?;
    call.world.crosspost(channel, id, call.now)?;
    Ok(Answer::Json(call.world.message(channel, id)?))
}

pub(crate) fn type_in(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, bot) = (call.id("channel_id")?, call.world.bot().id);
    call.require_in(channel, SEND_MESSAGES)?;
    call.world.type_in(channel, bot, call.now)?;
    Ok(Answer::NoContent)
}

/// A message that is forwarded must be there, and the bot must be able to read it.
fn check_forward(call: &Call<'_>, draft: &Draft) -> Result<(), Error> {
    let Some(to) = draft.reference else {
        return Ok(());
    };
    call.require_in(to.channel, READ_MESSAGE_HISTORY)?;
    let id = to.message.ok_or(Refusal::UnknownReference)?;
    let message = call.world.message(to.channel, id);
    let message = message.map_err(|_| Refusal::UnknownReference)?;
    if readable(call, to.channel, message.clone()) != message {
        return Err(Refusal::UnreadableForward.into());
    }
    Ok(())
}

/// The permissions that a message needs besides that of sending it.
fn needed(draft: &Draft) -> u64 {
    let parts = [
        (!draft.uploads.is_empty(), ATTACH_FILES),
        (!draft.embeds.is_empty(), EMBED_LINKS),
        (draft.poll.is_some(), SEND_POLLS),
        (draft.reply_to.is_some(), READ_MESSAGE_HISTORY),
    ];
    let needed = parts.iter().filter(|(is_there, _)| *is_there);
    needed.fold(0, |bits, (_, bit)| bits | bit)
}

/// Refuses to write into a thread that is locked. One that is only archived opens again.
pub(super) fn check_open(call: &Call<'_>, channel: Snowflake) -> Result<(), Refusal> {
    let is_locked = call
        .world
        .thread(channel)
        .is_ok_and(|thread| thread.is_locked);
    if is_locked && call.require_in(channel, MANAGE_THREADS).is_err() {
        return Err(Refusal::LockedThread);
    }
    Ok(())
}

/// Refuses to change what is in a thread that is archived.
pub(super) fn check_active(call: &Call<'_>, channel: Snowflake) -> Result<(), Refusal> {
    let is_archived = call
        .world
        .thread(channel)
        .is_ok_and(|thread| thread.is_archived);
    if is_archived {
        Err(Refusal::ArchivedThread)
    } else {
        Ok(())
    }
}

pub(super) fn place(call: &Call<'_>) -> Result<(Snowflake, Snowflake), Error> {
    Ok((call.id("channel_id")?, call.id("message_id")?))
}

/// Without `MESSAGE_CONTENT` an application reads no more over REST than over its gateway.
pub(super) fn readable(call: &Call<'_>, channel: Snowflake, message: Value) -> Value {
    let guild = call.world.channel(channel).ok().and_then(Channel::guild);
    let Some(guild) = guild else {
        return message;
    };
    if call.surroundings.granted_intents & intents::MESSAGE_CONTENT != 0 {
        return message;
    }
    let bot_id = call.world.bot().id.to_string();
    let mut placed = message.clone();
    // What is withheld depends on the guild, which REST does not state in a message.
    placed["guild_id"] = json!(guild);
    let Some(mut withheld) = intents::without_content(&placed, &bot_id) else {
        return message;
    };
    if let Some(fields) = withheld.as_object_mut() {
        fields.remove("guild_id");
    }
    withheld
}
