//! The endpoints of guild templates. A template cannot become a guild here.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use super::rules::{Is, Rule, optional, required};
use crate::world::permission::MANAGE_GUILD;
use crate::world::refusal::Refusal;
use crate::world::role::Role;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

const NEW_TEMPLATE: &[Rule] = &[
    required("name", Is::Text(1, 100)),
    optional("description", Is::Text(0, 120)),
];
const TEMPLATE: &[Rule] = &[
    optional("name", Is::Text(1, 100)),
    optional("description", Is::Text(0, 120)),
];

/// What a template keeps of a role.
const ROLE: &[&str] = &[
    "name",
    "permissions",
    "color",
    "colors",
    "hoist",
    "mentionable",
    "icon",
    "unicode_emoji",
];
/// What a template keeps of a channel. Categories are lost.
const CHANNEL: &[&str] = &[
    "type",
    "name",
    "position",
    "topic",
    "bitrate",
    "user_limit",
    "nsfw",
    "rate_limit_per_user",
    "parent_id",
    "default_auto_archive_duration",
    "permission_overwrites",
    "available_tags",
    "template",
    "default_reaction_emoji",
    "default_thread_rate_limit_per_user",
    "default_sort_order",
    "default_forum_layout",
    "default_tag_setting",
    "theme_color",
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let template = &call.world.guild(guild)?.template;
    Ok(Answer::Json(template.iter().cloned().collect()))
}

/// Anybody who has the code sees the template.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let code = call.value("code");
    let template = call.world.template(code).ok_or(Refusal::UnknownTemplate)?;
    Ok(Answer::Json(template.clone()))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let fields = call.fields(NEW_TEMPLATE)?;
    if call.world.guild(guild)?.template.is_some() {
        return Err(Refusal::HasTemplate.into());
    }
    let code: String = (0..12).map(|_| fastrand::alphanumeric()).collect();
    let bot = call.world.bot();
    let template = json!({
        "code": code,
        "name": fields["name"],
        "description": fields.get("description"),
        "usage_count": 0,
        "creator_id": bot.id,
        "creator": bot.json(),
        "created_at": iso8601(call.now),
        "updated_at": iso8601(call.now),
        "source_guild_id": guild,
        "serialized_source_guild": snapshot(call, guild)?,
        "is_dirty": null,
    });
    call.world.guild_mut(guild)?.template = Some(template.clone());
    Ok(Answer::Json(template))
}

/// Takes the guild as it is now into the template.
pub(crate) fn sync(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = own(call)?;
    let snapshot = snapshot(call, guild)?;
    let time = iso8601(call.now);
    change(call, guild, |template| {
        template["serialized_source_guild"] = snapshot;
        template["updated_at"] = json!(time);
    })
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = own(call)?;
    let fields = call.fields(TEMPLATE)?;
    change(call, guild, |template| {
        for (key, value) in fields {
            template[key] = value;
        }
    })
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = own(call)?;
    let template = call.world.guild_mut(guild)?.template.take();
    Ok(Answer::Json(template.ok_or(Refusal::UnknownTemplate)?))
}

/// The guild in the path, which has the template in the path.
fn own(call: &Call<'_>) -> Result<Snowflake, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let template = call.world.guild(guild)?.template.as_ref();
    let is_known = template.is_some_and(|template| template["code"] == call.value("code"));
    Ok(is_known.then_some(guild).ok_or(Refusal::UnknownTemplate)?)
}

fn change(
    call: &mut Call<'_>,
    guild: Snowflake,
    change: impl FnOnce(&mut Value),
) -> Result<Answer, Error> {
    let template = call.world.guild_mut(guild)?.template.as_mut();
    let template = template.ok_or(Refusal::UnknownTemplate)?;
    change(template);
    Ok(Answer::Json(template.clone()))
}

fn snapshot(call: &Call<'_>, guild: Snowflake) -> Result<Value, Error> {
    let json = call.world.guild(guild)?.json();
    let mut snapshot = json!({});
    for key in [
        "name",
        "description",
        "region",
        "verification_level",
        "default_message_notifications",
        "explicit_content_filter",
        "preferred_locale",
        "afk_channel_id",
        "afk_timeout",
        "system_channel_id",
        "system_channel_flags",
    ] {
        snapshot[key] = json[key].clone();
    }
    // Templates number roles and channels instead of keeping their ids.
    let roles = call.world.roles(guild).into_iter().map(Role::json);
    snapshot["roles"] = numbered(roles, ROLE);
    let channels = call.world.guild_channels(guild);
    let channels = channels.as_array().cloned().unwrap_or_default();
    snapshot["channels"] = numbered(channels.into_iter().map(complete), CHANNEL);
    Ok(snapshot)
}

/// A channel with the fields that only channels of other types have.
fn complete(mut channel: Value) -> Value {
    for (key, default) in [
        ("bitrate", json!(64_000)),
        ("user_limit", json!(0)),
        ("nsfw", json!(false)),
        ("rate_limit_per_user", json!(0)),
        ("available_tags", json!([])),
        ("template", json!("")),
    ] {
        if channel[key].is_null() {
            channel[key] = default;
        }
    }
    channel["parent_id"] = Value::Null;
    channel
}

/// The fields of these names, and the place in the list as the id.
fn numbered(objects: impl Iterator<Item = Value>, keys: &[&str]) -> Value {
    let numbered = objects.enumerate().map(|(place, object)| {
        let mut shown = json!({ "id": place });
        for key in keys {
            shown[*key] = object[*key].clone();
        }
        shown
    });
    numbered.collect()
}
