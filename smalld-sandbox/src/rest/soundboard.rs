//! The endpoints of soundboards.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::CREATE_GUILD_EXPRESSIONS;

/// The largest recording, as base64.
const MAX_SOUND_LENGTH: usize = 512 * 1024 * 4 / 3;

const NEW_SOUND: &[Rule] = &[
    required("name", Is::Text(2, 32)),
    required("sound", Is::Text(1, usize::MAX)),
    optional("volume", Is::Number),
    optional("emoji_id", Is::Id),
    optional("emoji_name", Is::Text(1, 32)),
];
const SOUND: &[Rule] = &[
    optional("name", Is::Text(2, 32)),
    optional("volume", Is::Number),
    optional("emoji_id", Is::Id),
    optional("emoji_name", Is::Text(1, 32)),
];

/// The sounds of everywhere.
pub(crate) fn default_sounds(_: &mut Call<'_>) -> Result<Answer, Error> {
    let sounds = [("1", "quack", "🦆"), ("2", "airhorn", "🔊")];
    let sounds = sounds.map(|(id, name, emoji)| {
        json!({
            "sound_id": id,
            "name": name,
            "volume": 1.0,
            "emoji_id": null,
            "emoji_name": emoji,
            "available": true,
        })
    });
    Ok(Answer::Json(json!(sounds)))
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    Ok(Answer::Json(json!({ "items": call.world.sounds(guild) })))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = (call.guild()?, call.id("sound_id")?);
    Ok(Answer::Json(call.world.sound(guild, id)?.clone()))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(CREATE_GUILD_EXPRESSIONS)?;
    let mut fields = call.fields(NEW_SOUND)?;
    check(&fields)?;
    let sound = fields.remove("sound").unwrap_or_default();
    check_sound(sound.as_str().unwrap_or_default())?;
    let sound = call.world.add_sound(guild, fields, call.now)?;
    let id = rules::id(&sound["sound_id"]).unwrap_or(guild);
    let change = (&Value::Null, &audited(&sound));
    call.audit_change(guild, Action::SoundCreate, id, change);
    Ok(Answer::Created(sound))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with_expressions()?;
    let id = call.id("sound_id")?;
    call.world.sound(guild, id)?;
    let fields = call.fields(SOUND)?;
    check(&fields)?;
    let (before, after) = call.world.edit_sound(guild, id, fields)?;
    let change = (&audited(&before), &audited(&after));
    call.audit_change(guild, Action::SoundUpdate, id, change);
    Ok(Answer::Json(after))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with_expressions()?;
    let id = call.id("sound_id")?;
    let sound = call.world.delete_sound(guild, id)?;
    let change = (&audited(&sound), &Value::Null);
    call.audit_change(guild, Action::SoundDelete, id, change);
    Ok(Answer::NoContent)
}

fn check(fields: &Map<String, Value>) -> Result<(), Error> {
    let volume = fields.get("volume").and_then(Value::as_f64);
    if volume.is_none_or(|volume| (0.0..=1.0).contains(&volume)) {
        return Ok(());
    }
    let message = "float value should be between 0 and 1.";
    Err(Error::of_field(&["volume"], "NUMBER_TYPE_MAX", message))
}

fn check_sound(uri: &str) -> Result<(), Error> {
    let is_sound = uri.starts_with("data:audio/mpeg;base64,")
        || uri.starts_with("data:audio/mp3;base64,")
        || uri.starts_with("data:audio/ogg;base64,");
    if is_sound && uri.len() <= MAX_SOUND_LENGTH {
        return Ok(());
    }
    let message = "The sound must be an MP3 or Ogg file of at most 512 kB.";
    Err(Error::of_field(&["sound"], "BASE_TYPE_INVALID", message))
}

/// The fields that the audit log shows.
fn audited(sound: &Value) -> Value {
    let keys = ["name", "volume", "emoji_id", "emoji_name"];
    let fields = keys.map(|key| (key.to_owned(), sound[key].clone()));
    json!(Map::from_iter(fields))
}
