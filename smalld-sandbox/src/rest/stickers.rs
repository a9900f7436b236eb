//! The endpoints of stickers.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::rest::request::File;
use crate::world::audit::Action;
use crate::world::permission::CREATE_GUILD_EXPRESSIONS;
use crate::world::refusal::Refusal;

const MAX_BYTES: usize = 512 * 1024;

const NEW_STICKER: &[Rule] = &[
    required("name", Is::Text(2, 30)),
    required("tags", Is::Text(1, 200)),
    optional("description", Is::Text(0, 100)),
];
const STICKER: &[Rule] = &[
    optional("name", Is::Text(2, 30)),
    optional("tags", Is::Text(1, 200)),
    optional("description", Is::Text(0, 100)),
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    Ok(Answer::Json(call.world.guild(guild)?.stickers.json()))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = (call.guild()?, call.id("sticker_id")?);
    Ok(Answer::Json(call.world.sticker(guild, id)?.clone()))
}

/// A sticker of any guild.
pub(crate) fn get_any(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("sticker_id")?;
    Ok(Answer::Json(call.world.any_sticker(id)?.clone()))
}

/// There are no standard stickers.
pub(crate) fn packs(_: &mut Call<'_>) -> Result<Answer, Error> {
    Ok(Answer::Json(json!({ "sticker_packs": [] })))
}

pub(crate) fn pack(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.id("pack_id")?;
    Err(Refusal::UnknownStickerPack.into())
}

/// Takes a multipart body with plain fields, unlike all other routes with files.
pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(CREATE_GUILD_EXPRESSIONS)?;
    let body = std::mem::take(&mut call.body);
    let fields = body.fields.into_iter();
    let fields: Map<_, _> = fields.map(|(name, text)| (name, json!(text))).collect();
    let mut mistakes = Mistakes::default();
    rules::check(NEW_STICKER, &fields, &[], &mut mistakes);
    let file = body.files.iter().find(|file| file.name == "file");
    if file.is_none() {
        mistakes.add(&["file"], "BASE_TYPE_REQUIRED", "This field is required");
    }
    if file.is_some_and(|file| file.bytes.len() > MAX_BYTES) {
        let message = "File cannot be larger than 512.0 kb.";
        mistakes.add(&["file"], "BINARY_TYPE_MAX_SIZE", message);
    }
    mistakes.check()?;
    let format = file.and_then(format).ok_or(Refusal::InvalidAsset)?;
    let fields = rules::known(NEW_STICKER, &fields);
    let sticker = call.world.add_sticker(guild, fields, format, call.now)?;
    let id = rules::id(&sticker["id"]).unwrap_or(guild);
    call.audit_change(
        guild,
        Action::StickerCreate,
        id,
        (&Value::Null, &audited(&sticker)),
    );
    Ok(Answer::Created(sticker))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with_expressions()?;
    let id = call.id("sticker_id")?;
    call.world.sticker(guild, id)?;
    let fields = call.fields(STICKER)?;
    let (before, after) = call.world.edit_sticker(guild, id, fields)?;
    call.audit_change(guild, Action::StickerUpdate, id, (&before, &after));
    Ok(Answer::Json(after))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with_expressions()?;
    let id = call.id("sticker_id")?;
    let sticker = call.world.delete_sticker(guild, id)?;
    call.audit_change(
        guild,
        Action::StickerDelete,
        id,
        (&audited(&sticker), &Value::Null),
    );
    Ok(Answer::NoContent)
}

/// Discord's number of the file's format, by its first bytes.
fn format(file: &File) -> Option<u64> {
    match &*file.bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(1),
        [b'{', ..] => Some(3),
        [b'G', b'I', b'F', b'8', ..] => Some(4),
        _ => None,
    }
}

/// The fields that the audit log shows.
fn audited(sticker: &Value) -> Value {
    let keys = ["name", "tags", "description", "format_type", "available"];
    let fields = keys.map(|key| (key.to_owned(), sticker[key].clone()));
    Value::Object(Map::from_iter(fields))
}
