//! The guild: its own fields, and the lists of what belongs to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::member::Member;
use super::role::Role;
use crate::world::journal::Journal;
use crate::world::snowflake::Snowflake;

/// The guild. Its channels are in the world, beside those of direct messages.
#[derive(Debug)]
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
    /// The role of the bot, which Discord manages.
    pub(crate) bot_role: Snowflake,
    /// With `@everyone`, whose id is that of the guild.
    pub(crate) roles: BTreeMap<Snowflake, Role>,
    pub(crate) members: BTreeMap<Snowflake, Member>,
    /// The banned users, each with a reason.
    pub(crate) bans: BTreeMap<Snowflake, Option<String>>,
    pub(crate) audit_log: Journal<Value>,
}

impl Guild {
    /// The guild as in REST.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "icon": null,
            "splash": null,
            "discovery_splash": null,
            "owner_id": self.owner,
            "afk_channel_id": null,
            "afk_timeout": 300,
            "region": "deprecated",
            "widget_enabled": false,
            "widget_channel_id": null,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "roles": self.roles.values().map(Role::json).collect::<Value>(),
            "emojis": [],
            "stickers": [],
            "features": [],
            "mfa_level": 0,
            "application_id": null,
            "system_channel_id": null,
            "system_channel_flags": 0,
            "rules_channel_id": null,
            "max_presences": null,
            "max_members": 500_000,
            "vanity_url_code": null,
            "description": null,
            "banner": null,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "public_updates_channel_id": null,
            "max_video_channel_users": 25,
            "max_stage_video_channel_users": 50,
            "nsfw": false,
            "nsfw_level": 0,
            "premium_progress_bar_enabled": false,
            "safety_alerts_channel_id": null,
            "incidents_data": null,
        })
    }
}
