//! Lobbies of the application, with their members.

use serde_json::{Map, Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// How many lobbies are kept; beyond that the oldest is removed.
const MAX_LOBBIES: usize = 1000;
const MAX_MEMBERS: usize = 1000;

impl World {
    pub(crate) fn lobby(&self, id: Snowflake) -> Result<&Value, Refusal> {
        self.lobbies.get(id).ok_or(Refusal::UnknownLobby)
    }

    pub(crate) fn add_lobby(&mut self, fields: Map<String, Value>, now: u64) -> Value {
        let mut json = json!({
            "application_id": self.bot,
            "metadata": null,
            "members": [],
            "flags": 0,
        });
        for (key, value) in fields {
            json[key] = value;
        }
        let id = self.ids.next(now);
        let json = self.lobbies.insert(id, json);
        self.lobbies.keep_newest(MAX_LOBBIES);
        json
    }

    pub(crate) fn edit_lobby(
        &mut self,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Result<Value, Refusal> {
        let edited = self.lobbies.edit(id, fields);
        edited.map(|(_, after)| after).ok_or(Refusal::UnknownLobby)
    }

    pub(crate) fn delete_lobby(&mut self, id: Snowflake) {
        self.lobbies.remove(id);
    }

    /// Adds a member to a lobby, or replaces the one with this id.
    pub(crate) fn set_lobby_member(
        &mut self,
        lobby: Snowflake,
        member: &Value,
    ) -> Result<(), Refusal> {
        let mut members = self.other_members(lobby, &member["id"])?;
        members.push(member.clone());
        let newest = members.len().saturating_sub(MAX_MEMBERS);
        self.set_members(lobby, &members[newest..])
    }

    /// Removes a member from a lobby; without one nothing happens.
    pub(crate) fn remove_lobby_member(
        &mut self,
        lobby: Snowflake,
        user: &Value,
    ) -> Result<(), Refusal> {
        let members = self.other_members(lobby, user)?;
        self.set_members(lobby, &members)
    }

    fn other_members(&self, lobby: Snowflake, user: &Value) -> Result<Vec<Value>, Refusal> {
        let members = self.lobby(lobby)?["members"].as_array();
        let members = members.into_iter().flatten();
        let others = members.filter(|known| known["id"] != *user);
        Ok(others.cloned().collect())
    }

    fn set_members(&mut self, lobby: Snowflake, members: &[Value]) -> Result<(), Refusal> {
        let fields = Map::from_iter([("members".to_owned(), json!(members))]);
        self.edit_lobby(lobby, fields)?;
        Ok(())
    }
}
