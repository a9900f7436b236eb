//! The endpoints of channels: made, read, changed, moved and deleted, and their permission overwrites.

use serde_json::{Map, Value};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use super::threads;
use crate::world::audit::Action;
use crate::world::channel::Kind;
use crate::world::channels::{ChannelDraft, Move};
use crate::world::member::Change;
use crate::world::overwrite::Overwrite;
use crate::world::permission::{
    ADMINISTRATOR, MANAGE_CHANNELS, MANAGE_ROLES, SET_VOICE_CHANNEL_STATUS,
};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

pub(super) const SLOWMODE: Is = Is::Integer(0, 21_600);
pub(super) const ARCHIVE_AFTER: Is = Is::OneOf(&[60, 1440, 4320, 10_080]);
const CHANNEL: &[Rule] = &[
    optional("type", Is::OneOf(Kind::OF_GUILD)),
    optional("topic", Is::Text(0, 4096)),
    optional("position", Is::Integer(0, i64::MAX)),
    optional("nsfw", Is::Boolean),
    optional("rate_limit_per_user", SLOWMODE),
    optional("bitrate", Is::Integer(8000, 384_000)),
    optional("user_limit", Is::Integer(0, 10_000)),
    optional("rtc_region", Is::Text(0, 64)),
    optional("video_quality_mode", Is::OneOf(&[1, 2])),
    optional("parent_id", Is::Id),
    optional("permission_overwrites", Is::List(100)),
    optional("default_auto_archive_duration", ARCHIVE_AFTER),
    optional("default_thread_rate_limit_per_user", SLOWMODE),
    optional("default_reaction_emoji", Is::Object),
    optional("default_sort_order", Is::OneOf(&[0, 1])),
    optional("default_forum_layout", Is::OneOf(&[0, 1, 2])),
    optional("available_tags", Is::List(20)),
    optional("flags", Is::Integer(0, i64::MAX)),
];
const NAME: Is = Is::Text(1, 100);
const NEW_NAME: &[Rule] = &[required("name", NAME)];
const OTHER_NAME: &[Rule] = &[optional("name", NAME)];
const OVERWRITE: &[Rule] = &[
    required("id", Is::Id),
    optional("type", Is::OneOf(&[0, 1])),
    optional("allow", Is::Bits),
    optional("deny", Is::Bits),
];
const TAG: &[Rule] = &[
    optional("id", Is::Id),
    required("name", Is::Text(1, 20)),
    optional("moderated", Is::Boolean),
    optional("emoji_id", Is::Id),
    optional("emoji_name", Is::Text(0, 100)),
];
const VOICE_STATUS: &[Rule] = &[optional("status", Is::Text(0, 500))];
const SOUND: &[Rule] = &[
    required("sound_id", Is::Id),
    optional("source_guild_id", Is::Id),
];
const POSITION: &[Rule] = &[
    required("id", Is::Id),
    optional("position", Is::Integer(0, i64::MAX)),
    optional("lock_permissions", Is::Boolean),
    optional("parent_id", Is::Id),
];

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, 0)?;
    let channel = call.world.channel(id)?;
    Ok(Answer::Json(call.world.channel_json(channel)))
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    Ok(Answer::Json(call.world.guild_channels(guild)))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_CHANNELS)?;
    let fields = call.fields(&[NEW_NAME, CHANNEL].concat())?;
    let (name, draft) = draft(fields)?;
    check_overwrites(call, guild, &draft)?;
    let kind = draft.kind.unwrap_or(Kind::Text);
    let name = channel_name(kind, &name.unwrap_or_default());
    let id = call.world.create_channel(guild, &name, draft, call.now)?;
    call.audit(guild, Action::ChannelCreate, id);
    let channel = call.world.channel(id)?;
    Ok(Answer::Created(call.world.channel_json(channel)))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    let channel = call.world.channel(id)?;
    let guild = channel.guild().ok_or(Refusal::WrongChannelType)?;
    if channel.thread.is_some() {
        return threads::edit(call, id);
    }
    call.require_in(id, MANAGE_CHANNELS)?;
    let kind = call.world.channel(id)?.kind;
    let fields = call.fields(&[OTHER_NAME, CHANNEL].concat())?;
    let (name, mut draft) = draft(fields)?;
    if draft.overwrites.is_some() {
        call.require_in(id, MANAGE_ROLES)?;
        check_overwrites(call, guild, &draft)?;
    }
    if let Some(other) = draft.kind.filter(|other| *other != kind) {
        let can_convert = |kind| matches!(kind, Kind::Text | Kind::Announcement);
        if !can_convert(kind) || !can_convert(other) {
            return Err(Error::of_field(
                &["type"],
                "CHANNEL_TYPE_CONVERT_INVALID",
                "Only text and announcement channels can be converted.",
            ));
        }
    }
    if let Some(name) = name {
        let name = channel_name(draft.kind.unwrap_or(kind), &name);
        draft.fields.insert("name".to_owned(), Value::String(name));
    }
    call.world.edit_channel(id, draft, call.now)?;
    call.audit_in(id, Action::ChannelUpdate, id);
    let channel = call.world.channel(id)?;
    Ok(Answer::Json(call.world.channel_json(channel)))
}

/// Deletes a channel of the guild. Direct messages are only closed, and open again with the next one.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    let channel = call.world.channel(id)?;
    let Some(guild) = channel.guild() else {
        return Ok(Answer::Json(call.world.channel_json(channel)));
    };
    if channel.thread.is_some() {
        return threads::delete(call, id);
    }
    call.require_in(id, MANAGE_CHANNELS)?;
    let deleted = call.world.delete_channel(id)?;
    call.audit(guild, Action::ChannelDelete, id);
    Ok(Answer::Json(deleted))
}

pub(crate) fn move_all(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_CHANNELS)?;
    let body = call.take_json();
    let mut mistakes = Mistakes::default();
    let list = body.as_array().cloned().unwrap_or_default();
    for (place, moved) in list.iter().enumerate() {
        let place = place.to_string();
        if let Some(fields) = rules::object(moved, &[&place], &mut mistakes) {
            rules::check(POSITION, fields, &[&place], &mut mistakes);
        }
    }
    mistakes.check()?;
    let moves = list.iter().filter_map(|moved| {
        Some(Move {
            channel: rules::id(&moved["id"])?,
            position: moved["position"].as_u64(),
            parent: parent(moved.get("parent_id")),
            locks_permissions: moved["lock_permissions"] == true,
        })
    });
    let moves: Vec<_> = moves.collect();
    call.world.move_channels(guild, &moves)?;
    Ok(Answer::NoContent)
}

pub(crate) fn set_overwrite(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, channel, id) = place_of_overwrite(call)?;
    let mut fields = call.fields(&OVERWRITE[1..])?;
    fields.insert("id".to_owned(), Value::String(id.to_string()));
    let (_, overwrite) = overwrite(&Value::Object(fields)).ok_or(Refusal::UnknownOverwrite)?;
    check_bits(call, guild, overwrite)?;
    let was_known = call.world.set_overwrite(channel, id, overwrite)?;
    let action = if was_known {
        Action::OverwriteUpdate
    } else {
        Action::OverwriteCreate
    };
    call.audit_in(channel, action, channel);
    Ok(Answer::NoContent)
}

pub(crate) fn delete_overwrite(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (_, channel, id) = place_of_overwrite(call)?;
    call.world.delete_overwrite(channel, id)?;
    call.audit_in(channel, Action::OverwriteDelete, channel);
    Ok(Answer::NoContent)
}

/// Sets what a voice channel says about what happens there.
pub(crate) fn set_voice_status(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, SET_VOICE_CHANNEL_STATUS)?;
    if call.world.channel(id)?.kind != Kind::Voice {
        return Err(Refusal::WrongChannelType.into());
    }
    let fields = call.fields(VOICE_STATUS)?;
    let status = fields.get("status").and_then(Value::as_str);
    let status = status.filter(|status| !status.is_empty());
    call.world.set_voice_status(id, status);
    Ok(Answer::NoContent)
}

/// The routes of direct messages with several people, which bots cannot take part in.
pub(crate) fn not_a_group(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, 0)?;
    Err(Refusal::WrongChannelType.into())
}

/// Plays a sound in a voice channel, which the bot would have to be connected to.
pub(crate) fn play_sound(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, 0)?;
    call.fields(SOUND)?;
    Err(Refusal::NotInVoice.into())
}

fn place_of_overwrite(call: &Call<'_>) -> Result<(Snowflake, Snowflake, Snowflake), Error> {
    let (channel, id) = (call.id("channel_id")?, call.id("overwrite_id")?);
    let guild = call.world.channel(channel)?.guild();
    let guild = guild.ok_or(Refusal::NotInDirectMessages)?;
    call.require_in(channel, MANAGE_ROLES)?;
    Ok((guild, channel, id))
}

/// Nobody can allow or deny what they may not do themselves.
fn check_overwrites(
    call: &Call<'_>,
    guild: Snowflake,
    draft: &ChannelDraft,
) -> Result<(), Refusal> {
    let mut overwrites = draft.overwrites.iter().flatten();
    overwrites.try_for_each(|(_, overwrite)| check_bits(call, guild, *overwrite))
}

fn check_bits(call: &Call<'_>, guild: Snowflake, overwrite: Overwrite) -> Result<(), Refusal> {
    let bot = call.world.bot().id;
    let own = call.world.permissions(guild, bot, call.now);
    let changed = overwrite.allow | overwrite.deny;
    let is_allowed = own & ADMINISTRATOR != 0 || changed & !own == 0;
    is_allowed.then_some(()).ok_or(Refusal::MissingPermissions)
}

/// The name and everything else that was sent about a channel.
fn draft(mut fields: Map<String, Value>) -> Result<(Option<String>, ChannelDraft), Error> {
    let mut mistakes = Mistakes::default();
    rules::check_each("permission_overwrites", OVERWRITE, &fields, &mut mistakes);
    rules::check_each("available_tags", TAG, &fields, &mut mistakes);
    mistakes.check()?;
    let kind = fields.remove("type").and_then(|kind| kind.as_i64());
    let kind = kind.and_then(Kind::of);
    let name = fields.remove("name");
    let name = name.as_ref().and_then(Value::as_str);
    let overwrites = fields.remove("permission_overwrites");
    let overwrites = overwrites.as_ref().and_then(Value::as_array);
    let draft = ChannelDraft {
        kind,
        parent: parent(fields.remove("parent_id").as_ref()),
        overwrites: overwrites.map(|list| list.iter().filter_map(overwrite).collect()),
        fields,
    };
    Ok((name.map(ToOwned::to_owned), draft))
}

fn parent(id: Option<&Value>) -> Change<Snowflake> {
    id.map_or(Change::Keep, |id| Change::to(rules::id(id)))
}

/// The name of a post that comes with another body.
pub(super) fn check_thread_name(name: &str) -> Result<(), Error> {
    let fields = Map::from_iter([("thread_name".to_owned(), Value::from(name))]);
    let mut mistakes = Mistakes::default();
    rules::check(
        &[required("thread_name", NAME)],
        &fields,
        &[],
        &mut mistakes,
    );
    mistakes.check()
}

/// Channels to write in have names in lower case, with dashes for spaces.
fn channel_name(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Category | Kind::Voice | Kind::Stage | Kind::Direct => name.to_owned(),
        _ => name.to_lowercase().replace(char::is_whitespace, "-"),
    }
}

fn overwrite(json: &Value) -> Option<(Snowflake, Overwrite)> {
    let overwrite = Overwrite {
        is_of_member: json["type"] == 1,
        allow: rules::bits(&json["allow"]).unwrap_or(0),
        deny: rules::bits(&json["deny"]).unwrap_or(0),
    };
    Some((rules::id(&json["id"])?, overwrite))
}
