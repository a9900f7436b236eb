//! The endpoints of users, guilds, channels, the application, and the gateway's address.

use serde_json::{Value, json};

use super::Answer;
use super::body::Body;
use super::error::Error;
use super::form;
use crate::hub::Hub;
use crate::intents;
use crate::snowflake::Snowflake;
use crate::world::Refusal;

pub(crate) fn gateway(hub: &Hub) -> Answer {
    Answer::Json(json!({ "url": hub.settings.gateway_url }))
}

pub(crate) fn gateway_for_bot(hub: &Hub) -> Answer {
    let left = hub.with_gateway(|gateway, _| gateway.starts_left());
    // This one endpoint counts in milliseconds.
    let reset_after = u64::try_from(left.reset_after.as_millis()).unwrap_or(u64::MAX);
    Answer::Json(json!({
        "url": hub.settings.gateway_url,
        "shards": hub.settings.shards,
        "session_start_limit": {
            "total": left.total,
            "remaining": left.remaining,
            "reset_after": reset_after,
            "max_concurrency": left.max_concurrency,
        },
    }))
}

pub(crate) fn own_application(hub: &Hub) -> Answer {
    let flags = intents::application_flags(hub.settings.granted_intents);
    hub.look(|state| {
        let bot = state.world.bot();
        Answer::Json(json!({
            "id": bot.id,
            "name": bot.name,
            "icon": null,
            "description": "",
            "bot_public": true,
            "bot_require_code_grant": false,
            "flags": flags,
            "flags_new": flags.to_string(),
            "bot": bot.json(),
            "owner": state.world.person().json(),
            "team": null,
            // Where a key for signed interactions would stand; nothing here signs.
            "verify_key": "0".repeat(64),
            "approximate_guild_count": 1,
        }))
    })
}

pub(crate) fn own_user(hub: &Hub) -> Answer {
    hub.look(|state| Answer::Json(state.world.bot().own_json()))
}

pub(crate) fn user(hub: &Hub, id: Snowflake) -> Result<Answer, Error> {
    hub.look(|state| Ok(Answer::Json(state.world.user(id)?.json())))
}

pub(crate) fn open_direct_channel(hub: &Hub, body: Body) -> Result<Answer, Error> {
    let recipient = form::recipient(body)?;
    hub.change(|world, now| {
        let id = world.direct_channel(recipient, now)?;
        Ok(Answer::Json(world.channel_json(world.channel(id)?)))
    })
}

pub(crate) fn guild(hub: &Hub, id: Snowflake) -> Result<Answer, Error> {
    in_guild(hub, id, |world| Ok(world.guild_json()))
}

pub(crate) fn guild_channels(hub: &Hub, id: Snowflake) -> Result<Answer, Error> {
    in_guild(hub, id, |world| Ok(world.guild_channels()))
}

pub(crate) fn guild_member(hub: &Hub, id: Snowflake, user: Snowflake) -> Result<Answer, Error> {
    in_guild(hub, id, |world| {
        world.user(user)?;
        world.member(user).ok_or(Refusal::UnknownMember)
    })
}

pub(crate) fn channel(hub: &Hub, id: Snowflake) -> Result<Answer, Error> {
    hub.look(|state| {
        Ok(Answer::Json(
            state.world.channel_json(state.world.channel(id)?),
        ))
    })
}

fn in_guild(
    hub: &Hub,
    id: Snowflake,
    describe: impl FnOnce(&crate::world::World) -> Result<Value, Refusal>,
) -> Result<Answer, Error> {
    hub.look(|state| {
        state.world.known_guild(id)?;
        Ok(Answer::Json(describe(&state.world)?))
    })
}
