//! Application commands: those of the application everywhere, and those in one guild.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::World;
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;

/// How many commands of each type one scope may have: slash commands, and those of each context menu.
const MAX_CHAT_INPUT: usize = 100;
const MAX_CONTEXT_MENU: usize = 15;

/// Where commands are registered: a guild, or none for everywhere.
pub(crate) type Scope = Option<Snowflake>;

/// A registered command.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) scope: Scope,
    pub(crate) json: Map<String, Value>,
}

pub(crate) type Commands = BTreeMap<Snowflake, Command>;

impl Command {
    pub(crate) fn name(&self) -> &str {
        self.json["name"].as_str().unwrap_or_default()
    }

    /// 1 for a slash command, 2 for the menu of a user, 3 for that of a message.
    pub(crate) fn kind(&self) -> u64 {
        self.json["type"].as_u64().unwrap_or(1)
    }
}

impl World {
    /// The commands of a scope, oldest first.
    pub(crate) fn commands(&self, scope: Scope) -> Value {
        let commands = self.commands.values();
        let commands = commands.filter(|command| command.scope == scope);
        commands
            .map(|command| Value::Object(command.json.clone()))
            .collect()
    }

    pub(crate) fn command(&self, scope: Scope, id: Snowflake) -> Result<&Command, Refusal> {
        let command = self.commands.get(&id);
        let command = command.filter(|command| command.scope == scope);
        command.ok_or(Refusal::UnknownCommand)
    }

    /// The command that a user in a guild means: one of the guild before one of everywhere.
    pub(crate) fn command_named(
        &self,
        guild: Option<Snowflake>,
        kind: u64,
        name: &str,
    ) -> Option<(Snowflake, &Command)> {
        let mut named: Vec<_> = self
            .commands
            .iter()
            .filter(|(_, command)| command.scope.is_none() || command.scope == guild)
            .filter(|(_, command)| command.kind() == kind && command.name() == name)
            .collect();
        named.sort_by_key(|(_, command)| command.scope.is_none());
        named.first().map(|(id, command)| (**id, *command))
    }

    /// The names of all commands of a type, for messages.
    pub(crate) fn command_names(&self, kind: u64) -> Vec<String> {
        let commands = self.commands.values();
        let commands = commands.filter(|command| command.kind() == kind);
        commands.map(|command| command.name().to_owned()).collect()
    }

    /// Registers a command, or replaces the one with its name. Returns its id, and whether it is new.
    pub(crate) fn register_command(
        &mut self,
        scope: Scope,
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<(Snowflake, bool), Refusal> {
        let kind = fields.get("type").and_then(Value::as_u64).unwrap_or(1);
        let name = fields
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let of_kind = self
            .commands
            .iter()
            .filter(|(_, command)| command.scope == scope && command.kind() == kind);
        let same = of_kind.clone().find(|(_, command)| command.name() == name);
        let same = same.map(|(id, _)| *id);
        let max = if kind == 1 {
            MAX_CHAT_INPUT
        } else {
            MAX_CONTEXT_MENU
        };
        if same.is_none() && of_kind.count() >= max {
            return Err(Refusal::TooManyCommands);
        }
        let id = same.unwrap_or_else(|| self.ids.next(now));
        let command = self.complete_command(scope, id, fields, now);
        self.commands.insert(id, command);
        Ok((id, same.is_none()))
    }

    /// Changes some fields of a command.
    pub(crate) fn edit_command(
        &mut self,
        scope: Scope,
        id: Snowflake,
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<(), Refusal> {
        let mut json = self.command(scope, id)?.json.clone();
        json.extend(fields);
        let command = self.complete_command(scope, id, json, now);
        self.commands.insert(id, command);
        Ok(())
    }

    /// Replaces all commands of a scope. A command that had the same name keeps its id.
    pub(crate) fn replace_commands(
        &mut self,
        scope: Scope,
        all: Vec<Map<String, Value>>,
        now: u64,
    ) -> Result<(), Refusal> {
        let before = self.commands.clone();
        let mut kept = Vec::new();
        for fields in all {
            match self.register_within(scope, &kept, fields, now) {
                Ok(id) => kept.push(id),
                Err(refusal) => {
                    self.commands = before;
                    return Err(refusal);
                }
            }
        }
        let is_kept =
            |id: &Snowflake, command: &Command| command.scope != scope || kept.contains(id);
        self.commands.retain(|id, command| is_kept(id, command));
        Ok(())
    }

    pub(crate) fn delete_command(&mut self, scope: Scope, id: Snowflake) -> Result<(), Refusal> {
        self.command(scope, id)?;
        self.commands.remove(&id);
        Ok(())
    }

    /// Registers one command of a list; the limits are about the list, not about what was there.
    fn register_within(
        &mut self,
        scope: Scope,
        kept: &[Snowflake],
        fields: Map<String, Value>,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let kind = fields.get("type").and_then(Value::as_u64).unwrap_or(1);
        let in_list = kept.iter().filter_map(|id| self.commands.get(id));
        let count = in_list.filter(|command| command.kind() == kind).count();
        let max = if kind == 1 {
            MAX_CHAT_INPUT
        } else {
            MAX_CONTEXT_MENU
        };
        if count >= max {
            return Err(Refusal::TooManyCommands);
        }
        let name = fields
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut all = self.commands.iter();
        let same = all.find(|(_, command)| {
            command.scope == scope && command.kind() == kind && command.name() == name
        });
        let id = same.map(|(id, _)| *id);
        let id = id.unwrap_or_else(|| self.ids.next(now));
        let command = self.complete_command(scope, id, fields, now);
        self.commands.insert(id, command);
        Ok(id)
    }

    fn complete_command(
        &mut self,
        scope: Scope,
        id: Snowflake,
        fields: Map<String, Value>,
        now: u64,
    ) -> Command {
        let version = self.ids.next(now);
        let mut json = json!({
            "type": 1,
            "description": "",
            "default_member_permissions": null,
            "nsfw": false,
            "name_localizations": null,
            "description_localizations": null,
        });
        if scope.is_none() {
            json["contexts"] = Value::Null;
            json["integration_types"] = json!([0]);
            json["dm_permission"] = json!(true);
        }
        for (key, value) in fields {
            json[key] = value;
        }
        json["id"] = json!(id);
        json["application_id"] = json!(self.bot);
        json["version"] = json!(version);
        if let Some(guild) = scope {
            json["guild_id"] = json!(guild);
        }
        let Value::Object(json) = json else {
            unreachable!("it was made as an object")
        };
        Command { scope, json }
    }
}
