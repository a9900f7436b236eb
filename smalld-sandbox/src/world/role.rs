//! The roles of guilds.

use serde_json::{Map, Value, json};

use super::World;
use super::guild::Guild;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// Discord's maximum.
const MAX_ROLES: usize = 250;

/// A role, as its JSON.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    json: Map<String, Value>,
}

impl Role {
    pub(crate) fn new(id: Snowflake, name: &str, position: u64, permissions: u64) -> Self {
        let json = json!({
            "id": id,
            "name": name,
            "color": 0,
            "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
            "hoist": false,
            "icon": null,
            "unicode_emoji": null,
            "position": position,
            "permissions": permissions.to_string(),
            "managed": false,
            "mentionable": false,
            "flags": 0,
        });
        let mut role = Self { json: Map::new() };
        role.set(json);
        role
    }

    /// The role of a bot, which Discord manages.
    pub(crate) fn of_bot(mut self, bot: Snowflake) -> Self {
        self.set(json!({ "managed": true, "tags": { "bot_id": bot } }));
        self
    }

    pub(crate) fn json(&self) -> Value {
        Value::Object(self.json.clone())
    }

    pub(crate) fn name(&self) -> &str {
        self.json["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn position(&self) -> u64 {
        self.json["position"].as_u64().unwrap_or(0)
    }

    pub(crate) fn permissions(&self) -> u64 {
        let bits = self.json["permissions"].as_str();
        bits.and_then(|bits| bits.parse().ok()).unwrap_or(0)
    }

    fn is_managed(&self) -> bool {
        self.json["managed"] == true
    }

    fn set(&mut self, fields: Value) {
        if let Value::Object(fields) = fields {
            self.json.extend(fields);
        }
        let color = self.json["color"].clone();
        self.json["colors"]["primary_color"] = color;
    }
}

impl World {
    pub(crate) fn role(&self, guild: Snowflake, id: Snowflake) -> Result<&Role, Refusal> {
        let role = self.guild(guild)?.roles.get(&id);
        role.ok_or(Refusal::UnknownRole)
    }

    /// The roles of a guild, lowest first.
    pub(crate) fn roles(&self, guild: Snowflake) -> Vec<&Role> {
        let guild = self.guilds.get(&guild).into_iter();
        let mut roles: Vec<_> = guild.flat_map(|guild| guild.roles.values()).collect();
        roles.sort_by_key(|role| role.position());
        roles
    }

    pub(crate) fn role_named(&self, guild: Snowflake, name: &str) -> Option<Snowflake> {
        let mut roles = self.guilds.get(&guild)?.roles.iter();
        let named = roles.find(|(_, role)| role.name() == name);
        named.map(|(id, _)| *id)
    }

    /// The guild that has this role.
    pub(crate) fn guild_of_role(&self, role: Snowflake) -> Option<Snowflake> {
        let mut guilds = self.guilds.values();
        let has = |guild: &&Guild| guild.roles.contains_key(&role);
        guilds.find(has).map(|guild| guild.id)
    }

    /// A new role just above `@everyone`; all others move up.
    pub(crate) fn add_role(
        &mut self,
        guild: Snowflake,
        fields: Value,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let id = self.ids.next(now);
        let everyday = self.role(guild, guild)?.permissions();
        let roles = &mut self.guild_mut(guild)?.roles;
        if roles.len() >= MAX_ROLES {
            return Err(Refusal::TooManyRoles);
        }
        for (id, role) in &mut *roles {
            if *id != guild {
                let position = role.position() + 1;
                role.set(json!({ "position": position }));
            }
        }
        let mut role = Role::new(id, "new role", 1, everyday);
        role.set(fields);
        let json = role.json();
        roles.insert(id, role);
        self.tell_guild(guild, "GUILD_ROLE_CREATE", json!({ "role": json }));
        Ok(id)
    }

    pub(crate) fn edit_role(
        &mut self,
        guild: Snowflake,
        id: Snowflake,
        fields: Value,
    ) -> Result<(), Refusal> {
        self.with_access(guild, |world| {
            let role = world.guild_mut(guild)?.roles.get_mut(&id);
            let role = role.ok_or(Refusal::UnknownRole)?;
            role.set(fields);
            let json = role.json();
            world.tell_guild(guild, "GUILD_ROLE_UPDATE", json!({ "role": json }));
            Ok(())
        })
    }

    /// Deletes a role, and takes it from its members. `@everyone` and managed roles stay.
    pub(crate) fn delete_role(&mut self, guild: Snowflake, id: Snowflake) -> Result<(), Refusal> {
        if id == guild || self.role(guild, id)?.is_managed() {
            return Err(Refusal::InvalidRole);
        }
        self.with_access(guild, |world| {
            let of_guild = world.guild_mut(guild)?;
            of_guild.roles.remove(&id);
            for member in of_guild.members.values_mut() {
                member.roles.retain(|role| *role != id);
            }
            world.forget_overwrites(id);
            world.tell_guild(guild, "GUILD_ROLE_DELETE", json!({ "role_id": id }));
            Ok(())
        })
    }
}
