//! The endpoints of guilds themselves.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional};
use crate::world::audit::Action;
use crate::world::permission::MANAGE_GUILD;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// The largest picture of a guild, in KiB.
const MAX_IMAGE: usize = 10 * 1024;

const GUILD: &[Rule] = &[
    optional("name", Is::Text(2, 100)),
    optional("description", Is::Text(0, 300)),
    optional("icon", Is::Image(MAX_IMAGE)),
    optional("splash", Is::Image(MAX_IMAGE)),
    optional("banner", Is::Image(MAX_IMAGE)),
    optional("discovery_splash", Is::Image(MAX_IMAGE)),
    optional("verification_level", Is::OneOf(&[0, 1, 2, 3, 4])),
    optional("default_message_notifications", Is::OneOf(&[0, 1])),
    optional("explicit_content_filter", Is::OneOf(&[0, 1, 2])),
    optional("preferred_locale", Is::Text(2, 10)),
    optional("afk_timeout", Is::OneOf(&[60, 300, 900, 1800, 3600])),
    optional("afk_channel_id", Is::Id),
    optional("system_channel_id", Is::Id),
    optional("rules_channel_id", Is::Id),
    optional("public_updates_channel_id", Is::Id),
    optional("safety_alerts_channel_id", Is::Id),
    optional("system_channel_flags", Is::Integer(0, 0xff)),
    optional("premium_progress_bar_enabled", Is::Boolean),
    optional("features", Is::List(100)),
];
const IMAGES: &[&str] = &["icon", "splash", "banner", "discovery_splash"];

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("guild_id")?;
    // A guild that the bot is not in is as unknown as one that does not exist.
    let guild = call.world.known_guild(id);
    let guild = guild.map_err(|_| Refusal::UnknownGuild)?;
    let mut json = guild.json();
    if query::flag(&call.query, "with_counts") {
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.members.len());
    }
    Ok(Answer::Json(json))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let mut fields = call.fields(GUILD)?;
    for (key, value) in &mut fields {
        if key.ends_with("channel_id") && !value.is_null() {
            check_channel(call, guild, key, value)?;
        }
        if IMAGES.contains(&key.as_str()) && value.is_string() {
            *value = json!(picture());
        }
    }
    if fields.get("name").is_some_and(Value::is_null) {
        fields.remove("name");
    }
    let (before, after) = call.world.edit_guild(guild, fields)?;
    call.audit_change(guild, Action::GuildUpdate, guild, (&before, &after));
    Ok(Answer::Json(after))
}

pub(crate) fn preview(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let guild = call.world.guild(guild)?;
    let count = guild.members.len();
    let json = guild.json();
    let mut preview = json!({
        "home_header": null,
        "approximate_member_count": count,
        "approximate_presence_count": count,
    });
    for key in [
        "id",
        "name",
        "icon",
        "description",
        "splash",
        "discovery_splash",
        "features",
        "emojis",
        "stickers",
    ] {
        preview[key] = json[key].clone();
    }
    Ok(Answer::Json(preview))
}

/// The regions of voice channels, of a guild or of everywhere.
pub(crate) fn regions(call: &mut Call<'_>) -> Result<Answer, Error> {
    if !call.value("guild_id").is_empty() {
        call.guild()?;
    }
    let regions = [("rotterdam", "Rotterdam"), ("us-east", "US East")];
    let regions = regions.map(|(id, name)| {
        json!({
            "id": id,
            "name": name,
            "custom": false,
            "deprecated": false,
            "optimal": id == "rotterdam",
        })
    });
    Ok(Answer::Json(json!(regions)))
}

/// How many members have each role, without `@everyone`.
pub(crate) fn role_counts(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.guild()?;
    let guild = call.world.guild(id)?;
    let mut counts = json!({});
    for role in guild.roles.keys().filter(|role| **role != id) {
        let members = guild.members.values();
        let count = members.filter(|member| member.roles.contains(role)).count();
        counts[role.to_string()] = json!(count);
    }
    Ok(Answer::Json(counts))
}

/// What the bot is in the guild, as an integration. There are no others.
pub(crate) fn integrations(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let guild = call.world.guild(guild)?;
    let bot = call.world.bot();
    Ok(Answer::Json(json!([{
        "id": guild.bot_role,
        "name": bot.name,
        "type": "discord",
        "enabled": true,
        "account": { "id": bot.id, "name": bot.name },
        "application": {
            "id": bot.id, "name": bot.name, "icon": null, "description": "", "type": null,
            "bot": bot.json(),
        },
        "scopes": ["applications.commands", "bot"],
    }])))
}

/// Deletes the integration of the bot, who leaves the guild.
pub(crate) fn delete_integration(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let id = call.id("integration_id")?;
    if id != call.world.guild(guild)?.bot_role {
        return Err(Refusal::UnknownIntegration.into());
    }
    let bot = call.world.bot().id;
    call.world.remove_member(guild, bot)?;
    Ok(Answer::NoContent)
}

/// Checks that a field names a channel of the guild.
fn check_channel(call: &Call<'_>, guild: Snowflake, key: &str, value: &Value) -> Result<(), Error> {
    let channel = rules::id(value).and_then(|id| call.world.guild_of(id));
    if channel == Some(guild) {
        return Ok(());
    }
    let message = "The guild has no such channel.";
    Err(Error::of_field(&[key], "BASE_TYPE_INVALID", message))
}

/// The name of a picture, as if it were the hash of it.
pub(super) fn picture() -> String {
    (0..32).map(|_| fastrand::digit(16)).collect()
}
