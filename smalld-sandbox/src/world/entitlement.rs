//! Entitlements: what users and guilds may use of the application.

use serde_json::{Map, Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// How many entitlements are kept; beyond that the oldest is removed.
const MAX_ENTITLEMENTS: usize = 1000;
/// Discord's type of an entitlement by a subscription, as those for tests are.
const APPLICATION_SUBSCRIPTION: u64 = 8;

/// Who has an entitlement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner {
    Guild(Snowflake),
    User(Snowflake),
}

impl World {
    pub(crate) fn add_entitlement(
        &mut self,
        sku: Snowflake,
        owner: Owner,
        now: u64,
    ) -> Result<Value, Refusal> {
        let (guild, user) = match owner {
            Owner::Guild(guild) => (Some(self.known_guild(guild)?.id), None),
            Owner::User(user) => (None, Some(self.user(user)?.id)),
        };
        let json = json!({
            "sku_id": sku,
            "application_id": self.bot,
            "user_id": user,
            "guild_id": guild,
            "deleted": false,
            "consumed": false,
            "starts_at": null,
            "ends_at": null,
            "type": APPLICATION_SUBSCRIPTION,
        });
        let id = self.ids.next(now);
        let json = self.entitlements.insert(id, json);
        self.entitlements.keep_newest(MAX_ENTITLEMENTS);
        self.push("ENTITLEMENT_CREATE", guild, json.clone());
        Ok(json)
    }

    pub(crate) fn delete_entitlement(&mut self, id: Snowflake) -> Result<(), Refusal> {
        self.change_entitlement(id, "deleted", "ENTITLEMENT_DELETE")
    }

    pub(crate) fn consume_entitlement(&mut self, id: Snowflake) -> Result<(), Refusal> {
        self.change_entitlement(id, "consumed", "ENTITLEMENT_UPDATE")
    }

    fn change_entitlement(
        &mut self,
        id: Snowflake,
        field: &str,
        event: &'static str,
    ) -> Result<(), Refusal> {
        let fields = Map::from_iter([(field.to_owned(), json!(true))]);
        let edited = self.entitlements.edit(id, fields);
        let (_, json) = edited.ok_or(Refusal::UnknownEntitlement)?;
        let guild = json["guild_id"].as_str().and_then(Snowflake::parse);
        self.push(event, guild, json);
        Ok(())
    }
}
