//! The guild: its members and its roles.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::user::User;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp::iso8601;

/// All permissions, for the bot's own role: the sandbox does not enforce permissions.
const EVERYTHING: &str = "2251799813685247";
const EVERYDAY: &str = "2248473465835073";

/// A guild and who is in it. Its channels stand in the world, beside those of direct messages.
#[derive(Debug)]
pub(crate) struct Guild {
    pub(crate) id: Snowflake,
    pub(crate) name: String,
    pub(crate) owner: Snowflake,
    pub(crate) bot: Snowflake,
    pub(crate) bot_role: Snowflake,
    pub(crate) members: BTreeMap<Snowflake, Member>,
}

/// What an account is in one guild.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) joined: u64,
    pub(crate) roles: Vec<Snowflake>,
}

impl Guild {
    /// The guild by itself, as REST gives it.
    pub(crate) fn json(&self, bot: &User) -> Value {
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
            "roles": self.roles(bot),
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

    /// The permissions of a member; the owner and the bot have all.
    pub(crate) fn permissions(&self, user: Snowflake) -> &'static str {
        if user == self.bot || user == self.owner {
            EVERYTHING
        } else {
            EVERYDAY
        }
    }

    fn roles(&self, bot: &User) -> Value {
        let everyone = role(self.id, "@everyone", 0, EVERYDAY);
        let mut of_bot = role(self.bot_role, &bot.name, 1, EVERYTHING);
        of_bot["managed"] = json!(true);
        of_bot["tags"] = json!({ "bot_id": bot.id });
        json!([everyone, of_bot])
    }
}

impl Member {
    pub(crate) fn json(&self) -> Value {
        json!({
            "avatar": null,
            "banner": null,
            "communication_disabled_until": null,
            "flags": 0,
            "joined_at": iso8601(self.joined),
            "nick": null,
            "pending": false,
            "premium_since": null,
            "roles": self.roles,
            "mute": false,
            "deaf": false,
        })
    }
}

fn role(id: Snowflake, name: &str, position: u64, permissions: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "color": 0,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
        "hoist": false,
        "icon": null,
        "unicode_emoji": null,
        "position": position,
        "permissions": permissions,
        "managed": false,
        "mentionable": false,
        "flags": 0,
    })
}
