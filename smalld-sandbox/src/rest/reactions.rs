//! The endpoints of reactions.

use super::call::Call;
use super::error::Error;
use super::messages::{check_active, place};
use super::query;
use super::reply::Answer;
use crate::world::User;
use crate::world::permission::{ADD_REACTIONS, MANAGE_MESSAGES, READ_MESSAGE_HISTORY};
use crate::world::snowflake::Snowflake;

pub(crate) fn add(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    let (bot, emoji) = (call.world.bot().id, call.value("emoji_name").to_owned());
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    // To add to what others began needs no permission.
    let is_known = call.world.reactors(channel, id, &emoji);
    if is_known.is_ok_and(|users| users.is_empty()) {
        call.require_in(channel, ADD_REACTIONS)?;
    }
    check_active(call, channel)?;
    call.world.react(channel, id, bot, &emoji)?;
    Ok(Answer::NoContent)
}

pub(crate) fn remove_own(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    let (bot, emoji) = (call.world.bot().id, call.value("emoji_name").to_owned());
    call.require_in(channel, 0)?;
    check_active(call, channel)?;
    call.world.unreact(channel, id, bot, &emoji)?;
    Ok(Answer::NoContent)
}

pub(crate) fn remove_of_user(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = managed(call)?;
    let (user, emoji) = (call.id("user_id")?, call.value("emoji_name").to_owned());
    call.world.unreact(channel, id, user, &emoji)?;
    Ok(Answer::NoContent)
}

pub(crate) fn remove_of_emoji(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = managed(call)?;
    let emoji = call.value("emoji_name").to_owned();
    call.world.clear_reactions(channel, id, Some(&emoji))?;
    Ok(Answer::NoContent)
}

pub(crate) fn remove_all(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = managed(call)?;
    call.world.clear_reactions(channel, id, None)?;
    Ok(Answer::NoContent)
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    let (after, limit) = (
        query::after(&call.query)?,
        query::limit(&call.query, 25, 100)?,
    );
    let users = call.world.reactors(channel, id, call.value("emoji_name"))?;
    // Nobody in the sandbox has super reactions, which are type 1.
    let is_super = query::pairs(&call.query).any(|(name, value)| name == "type" && value == "1");
    let later = users
        .into_iter()
        .filter(|user| !is_super && after.is_none_or(|after| user.id > after));
    Ok(Answer::Json(later.take(limit).map(User::json).collect()))
}

/// The message in the path, whose reactions the bot may manage.
fn managed(call: &Call<'_>) -> Result<(Snowflake, Snowflake), Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, MANAGE_MESSAGES)?;
    check_active(call, channel)?;
    Ok((channel, id))
}
