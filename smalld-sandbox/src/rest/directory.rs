//! The endpoints of users, guilds, channels, the application, and the gateway's address.

use serde_json::json;

use super::body::Body;
use super::call::Call;
use super::error::Error;
use super::form::Form;
use super::reply::Answer;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

pub(crate) fn gateway(call: &mut Call<'_>) -> Result<Answer, Error> {
    Ok(Answer::Json(
        json!({ "url": call.surroundings.gateway_url }),
    ))
}

pub(crate) fn gateway_for_bot(call: &mut Call<'_>) -> Result<Answer, Error> {
    let starts = call.surroundings.session_starts;
    Ok(Answer::Json(json!({
        "url": call.surroundings.gateway_url,
        "shards": call.surroundings.shards,
        "session_start_limit": {
            "total": starts.total,
            "remaining": starts.remaining,
            // The one time in Discord's limits that is in milliseconds.
            "reset_after": starts.reset_after_millis,
            "max_concurrency": starts.max_concurrency,
        },
    })))
}

pub(crate) fn user(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("user_id")?;
    Ok(Answer::Json(call.world.user(id)?.json()))
}

pub(crate) fn open_direct_channel(call: &mut Call<'_>) -> Result<Answer, Error> {
    let recipient = recipient(std::mem::take(&mut call.body))?;
    let id = call.world.direct_channel(recipient, call.now)?;
    let channel = call.world.channel(id)?;
    Ok(Answer::Json(call.world.channel_json(channel)))
}

pub(crate) fn guild_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, user) = (call.guild()?, call.id("user_id")?);
    call.world.user(user)?;
    let member = call.world.member(guild, user);
    Ok(Answer::Json(member.ok_or(Refusal::UnknownMember)?))
}

/// The one field of `POST /users/@me/channels`.
fn recipient(body: Body) -> Result<Snowflake, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut form = Form::of(&json)?;
    let id = form.required_id("recipient_id");
    form.mistakes.check()?;
    Ok(id.expect("an id that is missing is a mistake"))
}
