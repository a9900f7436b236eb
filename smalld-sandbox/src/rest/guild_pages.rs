//! The endpoints of what a guild shows to newcomers and to the public: welcome screen, onboarding,
//! widget, vanity URL, and the pause of invites and direct messages.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::{MANAGE_GUILD, MANAGE_ROLES};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

const WELCOME: &[Rule] = &[
    optional("enabled", Is::Boolean),
    optional("description", Is::Text(0, 140)),
    optional("welcome_channels", Is::List(5)),
];
const WELCOME_CHANNEL: &[Rule] = &[
    required("channel_id", Is::Id),
    required("description", Is::Text(1, 50)),
    optional("emoji_id", Is::Id),
    optional("emoji_name", Is::Text(0, 100)),
];
const ONBOARDING: &[Rule] = &[
    optional("enabled", Is::Boolean),
    optional("mode", Is::OneOf(&[0, 1])),
    optional("default_channel_ids", Is::Ids(500)),
    optional("prompts", Is::List(15)),
];
const PROMPT: &[Rule] = &[
    required("title", Is::Text(1, 100)),
    required("options", Is::List(50)),
    required("id", Is::Id),
    optional("type", Is::OneOf(&[0, 1])),
    optional("single_select", Is::Boolean),
    optional("required", Is::Boolean),
    optional("in_onboarding", Is::Boolean),
];
const WIDGET: &[Rule] = &[
    optional("enabled", Is::Boolean),
    optional("channel_id", Is::Id),
];
const INCIDENTS: &[Rule] = &[
    optional("invites_disabled_until", Is::Time),
    optional("dms_disabled_until", Is::Time),
];

/// A welcome screen that is off is visible to those who can turn it on.
pub(crate) fn welcome_screen(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let screen = call.world.guild(guild)?.welcome_screen.clone();
    if screen["enabled"] != true && call.guild_with(MANAGE_GUILD).is_err() {
        return Err(Refusal::UnknownWelcomeScreen.into());
    }
    Ok(Answer::Json(shown_welcome(&screen)))
}

pub(crate) fn edit_welcome_screen(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let fields = call.fields(WELCOME)?;
    let mut mistakes = Mistakes::default();
    rules::check_each("welcome_channels", WELCOME_CHANNEL, &fields, &mut mistakes);
    mistakes.check()?;
    let screen = &mut call.world.guild_mut(guild)?.welcome_screen;
    let before = screen.clone();
    for (key, value) in fields {
        screen[key] = value;
    }
    let after = screen.clone();
    call.audit_change(guild, Action::GuildUpdate, guild, (&before, &after));
    Ok(Answer::Json(shown_welcome(&after)))
}

fn shown_welcome(screen: &Value) -> Value {
    let channels = screen["welcome_channels"].as_array();
    let channels = channels.into_iter().flatten().map(|channel| {
        json!({
            "channel_id": channel["channel_id"],
            "description": channel["description"],
            "emoji_id": channel["emoji_id"],
            "emoji_name": channel["emoji_name"],
        })
    });
    json!({
        "description": screen["description"],
        "welcome_channels": channels.collect::<Value>(),
    })
}

/// The sandbox has no guide for new members.
pub(crate) fn new_member_welcome(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.guild()?;
    Ok(Answer::NoContent)
}

pub(crate) fn onboarding(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    Ok(Answer::Json(call.world.guild(guild)?.onboarding.clone()))
}

pub(crate) fn edit_onboarding(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD | MANAGE_ROLES)?;
    let fields = call.fields(ONBOARDING)?;
    let mut mistakes = Mistakes::default();
    rules::check_each("prompts", PROMPT, &fields, &mut mistakes);
    mistakes.check()?;
    let prompts = fields.get("prompts").and_then(Value::as_array);
    let prompts: Option<Vec<_>> = prompts.map(|list| {
        list.iter()
            .map(|prompt| complete_prompt(call, prompt))
            .collect()
    });
    let onboarding = &mut call.world.guild_mut(guild)?.onboarding;
    let before = onboarding.clone();
    for (key, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        onboarding[key] = value;
    }
    if let Some(prompts) = prompts {
        onboarding["prompts"] = json!(prompts);
    }
    let after = onboarding.clone();
    call.audit_change(guild, Action::OnboardingUpdate, guild, (&before, &after));
    Ok(Answer::Json(after))
}

/// A prompt with all its fields. Options without an id get one, as do prompts with an id that no
/// snowflake has.
fn complete_prompt(call: &mut Call<'_>, prompt: &Value) -> Value {
    let mut id = |given: &Value| {
        let known = rules::id(given).filter(|id| id.millis() < call.now && is_real(*id));
        known.unwrap_or_else(|| call.world.new_id(call.now))
    };
    let options = prompt["options"].as_array().into_iter().flatten();
    let options: Vec<_> = options
        .map(|option| {
            let list = |key: &str| option.get(key).filter(|list| list.is_array()).cloned();
            json!({
                "id": id(&option["id"]),
                "title": option["title"],
                "description": option["description"].as_str().unwrap_or_default(),
                "emoji": {
                    "id": option["emoji_id"],
                    "name": option["emoji_name"],
                    "animated": option["emoji_animated"] == true,
                },
                "role_ids": list("role_ids").unwrap_or(json!([])),
                "channel_ids": list("channel_ids").unwrap_or(json!([])),
            })
        })
        .collect();
    json!({
        "id": id(&prompt["id"]),
        "title": prompt["title"],
        "options": options,
        "single_select": prompt["single_select"] == true,
        "required": prompt["required"] == true,
        "in_onboarding": prompt["in_onboarding"] != false,
        "type": prompt["type"].as_u64().unwrap_or(0),
    })
}

/// Clients number new prompts from 0.
fn is_real(id: Snowflake) -> bool {
    Snowflake::parse("4194304").is_some_and(|first| id >= first)
}

pub(crate) fn widget_settings(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    Ok(Answer::Json(widget_json(call, guild)?))
}

pub(crate) fn edit_widget(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let fields = call.fields(WIDGET)?;
    let settings = [
        ("enabled", "widget_enabled"),
        ("channel_id", "widget_channel_id"),
    ];
    let settings = settings.iter().filter_map(|(key, name)| {
        let value = fields.get(*key)?;
        Some(((*name).to_owned(), value.clone()))
    });
    let settings = settings.collect();
    let (before, after) = call.world.edit_guild(guild, settings)?;
    call.audit_change(guild, Action::GuildUpdate, guild, (&before, &after));
    Ok(Answer::Json(widget_json(call, guild)?))
}

fn widget_json(call: &Call<'_>, guild: Snowflake) -> Result<Value, Error> {
    let guild = call.world.guild(guild)?;
    let is_enabled = guild.setting("widget_enabled") == true;
    let channel = guild.setting("widget_channel_id");
    Ok(json!({ "enabled": is_enabled, "channel_id": channel }))
}

/// The widget itself, which needs no token.
pub(crate) fn widget(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("guild_id")?;
    let guild = call.world.guild(id)?;
    if guild.setting("widget_enabled") != true {
        return Err(Refusal::WidgetDisabled.into());
    }
    let members = call.world.members(id).into_iter().enumerate();
    // The widget numbers members instead of showing their ids.
    let members = members.map(|(place, user)| {
        json!({
            "id": place.to_string(),
            "username": user.name,
            "discriminator": "0000",
            "avatar": null,
            "status": "online",
            "avatar_url": format!("https://cdn.discordapp.com/embed/avatars/{}.png", place % 6),
        })
    });
    Ok(Answer::Json(json!({
        "id": id,
        "name": guild.name,
        "instant_invite": null,
        "channels": [],
        "members": members.collect::<Value>(),
        "presence_count": guild.members.len(),
    })))
}

/// Without the feature for it, a guild has no vanity URL.
pub(crate) fn vanity_url(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let code = call.world.guild(guild)?.setting("vanity_url_code");
    Ok(Answer::Json(json!({ "code": code, "uses": 0 })))
}

pub(crate) fn edit_incidents(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let fields = call.fields(INCIDENTS)?;
    let incidents = call.world.guild(guild)?.setting("incidents_data").clone();
    let value = |key: &str| fields.get(key).unwrap_or(&incidents[key]).clone();
    let incidents = json!({
        "invites_disabled_until": value("invites_disabled_until"),
        "dms_disabled_until": value("dms_disabled_until"),
    });
    let settings = Map::from_iter([("incidents_data".to_owned(), incidents.clone())]);
    call.world.edit_guild(guild, settings)?;
    Ok(Answer::Json(incidents))
}
