//! Interactions of a user: commands, buttons, select menus and modals.

use serde_json::{Value, json};

use crate::hub::State;
use crate::library::components::{check_options, filled, find_component};
use crate::library::names::{find_channel, place_of, registered};
use crate::library::response::Response;
use crate::library::slash::Slash;
use crate::library::user::User;
use crate::world;
use crate::world::interaction::{Act, Kind};
use crate::world::snowflake::Snowflake;

impl User {
    /// A slash command of the bot, such as `warn`, or `config roles add` for a subcommand `add` in the
    /// group `roles`. Options follow, then [`run`](Slash::run).
    pub fn slash(&self, command: &str) -> Slash {
        Slash::new(self.clone(), command)
    }

    /// Uses a command in the context menu of a user, in `#general`, and waits for the answer.
    ///
    /// # Panics
    ///
    /// If there is no such command, or the bot does not answer within three seconds.
    pub async fn user_command(&self, command: &str, target: &Self) -> Response {
        let (user, target) = (self.snowflake(), target.snowflake());
        self.interact(|state| {
            let world = &state.world;
            let (id, scope) = registered(state, Some(self.guild), 2, command);
            let user_json = world
                .user(target)
                .map(world::User::json)
                .unwrap_or_default();
            let mut member = world.member(self.guild, target).unwrap_or_default();
            if let Some(fields) = member.as_object_mut() {
                fields.remove("user");
            }
            member["permissions"] = world.permissions_json(self.guild, target);
            let target = target.to_string();
            let mut data = json!({
                "id": id, "name": command, "type": 2, "target_id": target,
                "resolved": { "users": { &target: user_json }, "members": { &target: member } },
            });
            add_scope(&mut data, scope);
            Act {
                kind: Kind::Command,
                user,
                channel: find_channel(world, self.guild, "general"),
                data,
                source: None,
            }
        })
        .await
    }

    /// Uses a command in the context menu of a message, and waits for the answer.
    ///
    /// # Panics
    ///
    /// If there is no such command or message, or the bot does not answer within three seconds.
    pub async fn message_command(&self, command: &str, message: impl AsRef<str>) -> Response {
        let (user, message) = (self.snowflake(), message.as_ref());
        self.interact(|state| {
            let (channel, id) = place_of(state, message);
            let json = state.world.message(channel, id).unwrap_or_default();
            let guild = state.world.guild_of(channel);
            let (command_id, scope) = registered(state, guild, 3, command);
            let mut data = json!({
                "id": command_id, "name": command, "type": 3, "target_id": id,
                "resolved": { "messages": { message: json } },
            });
            add_scope(&mut data, scope);
            Act {
                kind: Kind::Command,
                user,
                channel,
                data,
                source: None,
            }
        })
        .await
    }

    /// Clicks the button with this `custom_id`, and waits for the answer.
    ///
    /// # Panics
    ///
    /// If the message has no such button, the button is disabled, or the bot does not answer within
    /// three seconds.
    pub async fn click(&self, message: impl AsRef<str>, custom_id: &str) -> Response {
        self.use_component(message.as_ref(), custom_id, &[2], None)
            .await
    }

    /// Selects these values in the select menu with this `custom_id`, and waits for the answer. Values
    /// are those of the options, or ids of users, roles or channels.
    ///
    /// # Panics
    ///
    /// As [`click`](Self::click), and if a string select has no such option.
    pub async fn select<V: AsRef<str>>(
        &self,
        message: impl AsRef<str>,
        custom_id: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Response {
        let values = values.into_iter().map(|value| value.as_ref().to_owned());
        let values = Some(values.collect());
        let kinds = [3, 5, 6, 7, 8];
        self.use_component(message.as_ref(), custom_id, &kinds, values)
            .await
    }

    /// Fills in and submits the modal that the bot opened, and waits for the answer. A field without
    /// a value here keeps its preset value.
    ///
    /// # Panics
    ///
    /// If the bot did not open a modal, the modal has no such field, or the bot does not answer within
    /// three seconds.
    pub async fn submit<K: AsRef<str>, V: AsRef<str>>(
        &self,
        modal: &Response,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Response {
        let opened = modal.modal().expect("the bot did not open a modal");
        let mut fields: Vec<(String, String)> = fields
            .into_iter()
            .map(|(key, value)| (key.as_ref().to_owned(), value.as_ref().to_owned()))
            .collect();
        let components = filled(&opened["components"], &mut fields);
        assert!(fields.is_empty(), "the modal has no field for {fields:?}");
        let data = json!({ "custom_id": opened["custom_id"], "components": components });
        let (user, channel) = (self.snowflake(), modal.channel());
        let source = modal.source();
        self.interact(|_| Act {
            kind: Kind::ModalSubmit,
            user,
            channel,
            data,
            source,
        })
        .await
    }

    async fn use_component(
        &self,
        message: &str,
        custom_id: &str,
        kinds: &[u64],
        values: Option<Vec<String>>,
    ) -> Response {
        let user = self.snowflake();
        self.interact(|state| {
            let (channel, id) = place_of(state, message);
            let components = state.world.components(channel, id);
            let component = find_component(&components, custom_id)
                .unwrap_or_else(|| panic!("message `{message}` has no component `{custom_id}`"));
            let kind = component["type"].as_u64().unwrap_or_default();
            assert!(
                kinds.contains(&kind),
                "component `{custom_id}` is of type {kind}, which cannot be used like this"
            );
            let is_disabled = component["disabled"] == true;
            assert!(!is_disabled, "component `{custom_id}` is disabled");
            let id_of_component = &component["id"];
            let mut data = json!({
                "id": id_of_component, "component_type": kind, "custom_id": custom_id,
            });
            if let Some(values) = &values {
                if kind == 3 {
                    check_options(component, values, custom_id);
                }
                data["values"] = json!(values);
            }
            Act {
                kind: Kind::Component,
                user,
                channel,
                data,
                source: Some(id),
            }
        })
        .await
    }

    /// Begins an interaction, and waits for the answer to it.
    pub(crate) async fn interact(&self, act: impl FnOnce(&State) -> Act) -> Response {
        let (id, source) = self.hub.update(|state, now| {
            let act = act(state);
            let source = act.source;
            (state.world.interact(&act, now), source)
        });
        Response::wait(&self.hub, id, source).await
    }
}

pub(crate) fn add_scope(data: &mut Value, scope: Option<Snowflake>) {
    if let Some(guild) = scope {
        data["guild_id"] = json!(guild);
    }
}
