//! The endpoints of emojis, of guilds and of the application.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::image;
use super::reply::Answer;
use super::rules::{Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::expressions::Place;
use crate::world::permission::CREATE_GUILD_EXPRESSIONS;
use crate::world::snowflake::Snowflake;

const NEW_EMOJI: &[Rule] = &[
    required("name", Is::Text(2, 32)),
    required("image", Is::Image(256)),
    optional("roles", Is::Ids(250)),
];
const EMOJI: &[Rule] = &[
    optional("name", Is::Text(2, 32)),
    optional("roles", Is::Ids(250)),
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let place = place(call)?;
    let emojis = call.world.emojis(place)?.json();
    Ok(Answer::Json(match place {
        Some(_) => emojis,
        None => json!({ "items": emojis }),
    }))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (place, id) = (place(call)?, call.id("emoji_id")?);
    Ok(Answer::Json(known(call, place, id)?))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let place = place(call)?;
    if place.is_some() {
        call.guild_with(CREATE_GUILD_EXPRESSIONS)?;
    }
    let fields = call.fields(NEW_EMOJI)?;
    let name = name(&fields["name"])?;
    let image = fields["image"].as_str().and_then(image::parse);
    let is_animated = image.is_some_and(|image| image.is_animated);
    let no_roles = json!([]);
    let roles = fields.get("roles").filter(|roles| roles.is_array());
    let roles = roles.unwrap_or(&no_roles);
    let emoji = call
        .world
        .add_emoji(place, (name, is_animated), roles, call.now)?;
    audit(call, place, Action::EmojiCreate, (&Value::Null, &emoji));
    Ok(Answer::Created(emoji))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (place, id) = (place(call)?, call.id("emoji_id")?);
    known(call, place, id)?;
    if place.is_some() {
        call.guild_with_expressions()?;
    }
    let mut fields = call.fields(EMOJI)?;
    fields.retain(|_, value| !value.is_null());
    if let Some(text) = fields.get("name") {
        name(text)?;
    }
    let (before, after) = call.world.edit_emoji(place, id, fields)?;
    audit(call, place, Action::EmojiUpdate, (&before, &after));
    Ok(Answer::Json(after))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (place, id) = (place(call)?, call.id("emoji_id")?);
    known(call, place, id)?;
    if place.is_some() {
        call.guild_with_expressions()?;
    }
    let emoji = call.world.delete_emoji(place, id)?;
    audit(call, place, Action::EmojiDelete, (&emoji, &Value::Null));
    Ok(Answer::NoContent)
}

/// The guild in the path, or the bot's own application.
fn place(call: &Call<'_>) -> Result<Place, Error> {
    if call.value("guild_id").is_empty() {
        call.own_application()?;
        return Ok(None);
    }
    Ok(Some(call.guild()?))
}

/// The emoji, or Discord's 404. For a reaction the same code has the status 400.
fn known(call: &Call<'_>, place: Place, id: Snowflake) -> Result<Value, Error> {
    let emoji = call.world.emoji_json(place, id).cloned();
    emoji.map_err(|refusal| Error::from(refusal).with_status(404))
}

/// Names have letters, digits and underscores.
fn name(value: &Value) -> Result<&str, Error> {
    let name = value.as_str().unwrap_or_default();
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.chars().all(is_word) {
        return Ok(name);
    }
    let message = "String value did not match validation regex.";
    Err(Error::of_field(&["name"], "STRING_TYPE_REGEX", message))
}

fn audit(call: &mut Call<'_>, place: Place, action: Action, (before, after): (&Value, &Value)) {
    let id = before["id"].as_str().or(after["id"].as_str());
    if let (Some(guild), Some(id)) = (place, id.and_then(Snowflake::parse)) {
        let name = |emoji: &Value| json!({ "name": emoji["name"] });
        call.audit_change(guild, action, id, (&name(before), &name(after)));
    }
}
