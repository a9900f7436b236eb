//! The endpoints by which somebody gets into a guild without an invite: with an access token, or by a
//! request to join.

use serde_json::json;

use super::call::Call;
use super::error::{self, Error};
use super::members::member_edit;
use super::reply::Answer;
use super::rules::{Is, Rule, optional, required};
use crate::world::permission::{CREATE_INSTANT_INVITE, KICK_MEMBERS};
use crate::world::refusal::Refusal;

const NEW_MEMBER: &[Rule] = &[
    required("access_token", Is::Text(1, 10_240)),
    optional("nick", Is::Text(0, 32)),
    optional("roles", Is::Ids(250)),
    optional("mute", Is::Boolean),
    optional("deaf", Is::Boolean),
];

/// Adds a user who gave the application an access token with the scope `guilds.join`.
pub(crate) fn add(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(CREATE_INSTANT_INVITE)?;
    let user = call.id("user_id")?;
    call.world.user(user)?;
    let fields = call.fields(NEW_MEMBER)?;
    let token = fields["access_token"].as_str().unwrap_or_default();
    if call.world.access_token(user) != Some(token) {
        return Err(Refusal::InvalidAccessToken.into());
    }
    let edit = member_edit(&fields, call.now)?;
    if call.world.member(guild, user).is_some() {
        return Ok(Answer::NoContent);
    }
    call.world.join(guild, user, call.now)?;
    if fields.len() > 1 {
        call.world.edit_member(guild, user, edit)?;
    }
    let member = call.world.member(guild, user);
    Ok(Answer::Created(member.unwrap_or_default()))
}

/// Nobody asks to join.
pub(crate) fn requests(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.guild_with(KICK_MEMBERS)?;
    let none = json!({ "guild_join_requests": [], "total": 0 });
    Ok(Answer::Json(none))
}

pub(crate) fn answer_request(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.guild_with(KICK_MEMBERS)?;
    call.id("request_id")?;
    Err(error::NO_ROUTE.into())
}
