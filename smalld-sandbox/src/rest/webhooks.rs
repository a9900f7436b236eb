//! The endpoints of webhooks themselves. What is written through them is in `webhook_messages`.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::MANAGE_WEBHOOKS;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::webhook::Avatar;

const NAME: Is = Is::Text(1, 80);
/// The longest picture, as a data URI.
const AVATAR: Is = Is::Text(1, 10 << 20);
const NEW: &[Rule] = &[required("name", NAME), optional("avatar", AVATAR)];
const EDIT: &[Rule] = &[optional("name", NAME), optional("avatar", AVATAR)];
const CHANNEL: &[Rule] = &[optional("channel_id", Is::Id)];
const FOLLOW: &[Rule] = &[required("webhook_channel_id", Is::Id)];

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    call.require_in(channel, MANAGE_WEBHOOKS)?;
    let fields = call.fields(NEW)?;
    let name = name(&fields)?.unwrap_or_default();
    let (avatar, bot) = (avatar(&fields)?, call.world.bot().id);
    let id = call
        .world
        .create_webhook(channel, &name, &avatar, bot, call.now)?;
    call.audit_in(channel, Action::WebhookCreate, id);
    answer(call, id, true)
}

pub(crate) fn list_of_channel(call: &mut Call<'_>) -> Result<Answer, Error> {
    let channel = call.id("channel_id")?;
    call.require_in(channel, MANAGE_WEBHOOKS)?;
    Ok(list(call, channel))
}

pub(crate) fn list_of_guild(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_WEBHOOKS)?;
    Ok(list(call, guild))
}

fn list(call: &Call<'_>, place: Snowflake) -> Answer {
    let webhooks = call.world.webhooks_of(place).into_iter();
    let webhooks = webhooks.map(|webhook| call.world.webhook_json(webhook, true));
    Answer::Json(webhooks.collect())
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = managed(call)?;
    answer(call, id, true)
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = managed(call)?;
    let fields = call.fields(&[EDIT, CHANNEL].concat())?;
    let channel = fields.get("channel_id").and_then(rules::id);
    if let Some(channel) = channel {
        call.require_in(channel, MANAGE_WEBHOOKS)?;
    }
    change(call, id, &fields, channel)?;
    let channel = call.world.webhook(id)?.channel;
    call.audit_in(channel, Action::WebhookUpdate, id);
    answer(call, id, true)
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = managed(call)?;
    let channel = call.world.webhook(id)?.channel;
    call.world.delete_webhook(id)?;
    call.audit_in(channel, Action::WebhookDelete, id);
    Ok(Answer::NoContent)
}

pub(crate) fn get_by_token(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = with_token(call)?;
    answer(call, id, false)
}

pub(crate) fn edit_by_token(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = with_token(call)?;
    let fields = call.fields(EDIT)?;
    change(call, id, &fields, None)?;
    answer(call, id, false)
}

pub(crate) fn delete_by_token(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = with_token(call)?;
    call.world.delete_webhook(id)?;
    Ok(Answer::NoContent)
}

/// Lets a channel follow the announcement channel in the path.
pub(crate) fn follow(call: &mut Call<'_>) -> Result<Answer, Error> {
    let source = call.id("channel_id")?;
    call.require_in(source, 0)?;
    let fields = call.fields(FOLLOW)?;
    let target = rules::id(&fields["webhook_channel_id"]).ok_or(Refusal::UnknownChannel)?;
    call.require_in(target, MANAGE_WEBHOOKS)?;
    let bot = call.world.bot().id;
    let id = call.world.follow(source, target, bot, call.now)?;
    call.audit_in(target, Action::WebhookCreate, id);
    Ok(Answer::Json(
        json!({ "channel_id": source, "webhook_id": id }),
    ))
}

fn answer(call: &Call<'_>, id: Snowflake, with_user: bool) -> Result<Answer, Error> {
    let webhook = call.world.webhook(id)?;
    Ok(Answer::Json(call.world.webhook_json(webhook, with_user)))
}

fn change(
    call: &mut Call<'_>,
    id: Snowflake,
    fields: &Map<String, Value>,
    channel: Option<Snowflake>,
) -> Result<(), Error> {
    let (name, avatar) = (name(fields)?, avatar(fields)?);
    Ok(call.world.edit_webhook(id, name, &avatar, channel)?)
}

/// The webhook in the path, which the bot may manage.
fn managed(call: &Call<'_>) -> Result<Snowflake, Error> {
    let id = call.id("webhook_id")?;
    let channel = call.world.webhook(id)?.channel;
    call.require_in(channel, MANAGE_WEBHOOKS)?;
    Ok(id)
}

fn with_token(call: &Call<'_>) -> Result<Snowflake, Error> {
    let id = call.id("webhook_id")?;
    let webhook = call.world.webhook_with(id, call.value("webhook_token"))?;
    Ok(webhook.id)
}

fn name(fields: &Map<String, Value>) -> Result<Option<String>, Error> {
    let name = fields.get("name").and_then(Value::as_str);
    if let Some(name) = name {
        check_name("name", name)?;
    }
    Ok(name.map(ToOwned::to_owned))
}

/// Refuses the names that Discord keeps for itself.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), Error> {
    let lower = name.to_lowercase();
    let mut reserved = ["clyde", "discord"].into_iter();
    let Some(word) = reserved.find(|word| lower.contains(word)) else {
        return Ok(());
    };
    let message = format!("Username cannot contain \"{word}\"");
    Err(Error::of_field(
        &[field],
        "USERNAME_INVALID_CONTAINS",
        &message,
    ))
}

fn avatar(fields: &Map<String, Value>) -> Result<Avatar, Error> {
    match fields.get("avatar") {
        None => Ok(Avatar::Keep),
        Some(Value::String(uri)) if uri.starts_with("data:image/") => Ok(Avatar::New),
        Some(Value::Null) => Ok(Avatar::Clear),
        Some(_) => {
            let message = "Only data URIs of images are pictures.";
            Err(Error::of_field(&["avatar"], "BASE_TYPE_INVALID", message))
        }
    }
}
