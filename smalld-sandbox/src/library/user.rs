//! Users: what a test does in the place of a person.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::hub::{Hub, State};
use crate::library::components::{check_options, filled, find_component};
use crate::library::response::Response;
use crate::library::role::Role;
use crate::library::slash::Slash;
use crate::world;
use crate::world::interaction::{Act, Kind};
use crate::world::snowflake::Snowflake;
use crate::world::{Draft, Edit};

/// A user of the sandbox, and a member of its guild; see [`Sandbox::user`](crate::Sandbox::user).
///
/// Channels are named as in `#general`, with or without the `#`, or by their id. What Discord would
/// not offer to a user, such as a button that does not exist, is a mistake of the test and panics.
#[derive(Clone)]
#[non_exhaustive]
pub struct User {
    /// The id, as in JSON.
    pub id: String,
    /// The username.
    pub name: String,
    pub(crate) hub: Arc<Hub>,
}

impl User {
    pub(crate) fn new(hub: &Arc<Hub>, id: Snowflake, name: &str) -> Self {
        Self {
            id: id.to_string(),
            name: name.to_owned(),
            hub: Arc::clone(hub),
        }
    }

    pub(crate) fn snowflake(&self) -> Snowflake {
        Snowflake::parse(&self.id).expect("the id of a user is a snowflake")
    }

    /// Writes a message. Returns its id.
    ///
    /// # Panics
    ///
    /// If there is no such channel, or the text is empty.
    pub async fn say(&self, channel: &str, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let user = self.snowflake();
        let said = self.hub.change(|world, now| {
            let channel = find_channel(world, channel);
            world.post(channel, user, draft, now)
        });
        settle().await;
        said.expect("a message has text").to_string()
    }

    /// Writes a direct message to the bot. Returns its id.
    ///
    /// # Panics
    ///
    /// If the text is empty.
    pub async fn direct_message(&self, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let user = self.snowflake();
        let said = self.hub.change(|world, now| {
            let channel = world.direct_channel(user, now)?;
            world.post(channel, user, draft, now)
        });
        settle().await;
        said.expect("a message has text").to_string()
    }

    /// Edits an own message.
    ///
    /// # Panics
    ///
    /// If there is no such message of this user.
    pub async fn edit(&self, message: impl AsRef<str>, text: impl Into<String>) {
        let (message, user, content) = (message.as_ref(), self.snowflake(), text.into());
        let edited = self.hub.change(|world, now| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            let edit = Edit {
                content: Some(content),
                ..Edit::default()
            };
            world.edit(channel, id, user, edit, now).ok()
        });
        assert!(
            edited.is_some(),
            "{self} has no message `{message}` to edit"
        );
        settle().await;
    }

    /// Deletes a message.
    ///
    /// # Panics
    ///
    /// If there is no such message.
    pub async fn delete(&self, message: impl AsRef<str>) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let deleted = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.delete(channel, id, user).ok()
        });
        assert!(
            deleted.is_some(),
            "there is no message `{message}` to delete"
        );
        settle().await;
    }

    /// Reacts to a message with a Unicode emoji. Doing so again changes nothing.
    ///
    /// # Panics
    ///
    /// If there is no such message, or this is not an emoji.
    pub async fn react(&self, message: impl AsRef<str>, emoji: &str) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let reacted = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.react(channel, id, user, emoji).ok()
        });
        assert!(
            reacted.is_some(),
            "cannot react to message `{message}` with `{emoji}`"
        );
        settle().await;
    }

    /// Removes an own reaction; without one nothing happens.
    ///
    /// # Panics
    ///
    /// If there is no such message, or this is not an emoji.
    pub async fn unreact(&self, message: impl AsRef<str>, emoji: &str) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let removed = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.unreact(channel, id, user, emoji).ok()
        });
        assert!(
            removed.is_some(),
            "cannot remove `{emoji}` from message `{message}`"
        );
        settle().await;
    }

    /// Gets a role; having it already changes nothing.
    ///
    /// # Panics
    ///
    /// If the user is not a member, or the role was deleted.
    pub async fn give_role(&self, role: &Role) {
        self.set_role(role, true).await;
    }

    /// Loses a role; not having it changes nothing.
    ///
    /// # Panics
    ///
    /// As [`give_role`](Self::give_role).
    pub async fn take_role(&self, role: &Role) {
        self.set_role(role, false).await;
    }

    async fn set_role(&self, role: &Role, has: bool) {
        let user = self.snowflake();
        let set = self.hub.change(|world, _| {
            let role = Snowflake::parse(&role.id)?;
            world.set_role(user, role, has).ok()
        });
        assert!(
            set.is_some(),
            "{self} is not a member, or there is no role {role:?}"
        );
        settle().await;
    }

    /// Leaves the guild; a user who is not a member stays outside.
    pub async fn leave(&self) {
        let user = self.snowflake();
        // An error means that the user is not a member.
        let _ = self.hub.change(|world, _| world.remove_member(user));
        settle().await;
    }

    /// Joins the guild again. Returns false for a user who is banned.
    pub async fn join(&self) -> bool {
        let user = self.snowflake();
        let joined = self.hub.change(|world, now| world.join(user, now)).is_ok();
        settle().await;
        joined
    }

    /// Whether the user is a member of the guild.
    #[must_use]
    pub fn is_member(&self) -> bool {
        let user = self.snowflake();
        self.hub.look(|state| state.world.member(user).is_some())
    }

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
            let (id, scope) = registered(state, 2, command);
            let user_json = world
                .user(target)
                .map(world::User::json)
                .unwrap_or_default();
            let mut member = world.member(target).unwrap_or_default();
            if let Some(fields) = member.as_object_mut() {
                fields.remove("user");
            }
            member["permissions"] = world.permissions_json(target);
            let target = target.to_string();
            let mut data = json!({
                "id": id, "name": command, "type": 2, "target_id": target,
                "resolved": { "users": { &target: user_json }, "members": { &target: member } },
            });
            add_scope(&mut data, scope);
            Act {
                kind: Kind::Command,
                user,
                channel: world.general(),
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
            let (command_id, scope) = registered(state, 3, command);
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
            let mut data = json!({ "component_type": kind, "custom_id": custom_id });
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

/// Lets the tasks of the sandbox and of the bot run.
async fn settle() {
    tokio::task::yield_now().await;
}

pub(crate) fn find_channel(world: &world::World, name: &str) -> Snowflake {
    let bare = name.strip_prefix('#').unwrap_or(name);
    let by_id = Snowflake::parse(bare).filter(|id| world.channel(*id).is_ok());
    let found = by_id.or_else(|| world.channel_named(bare));
    found.unwrap_or_else(|| panic!("there is no channel `{name}`; `Sandbox::channel` makes one"))
}

/// The id of a registered command, and the guild in which it is registered.
pub(crate) fn registered(state: &State, kind: u64, name: &str) -> (Snowflake, Option<Snowflake>) {
    let command = state.world.command_named(kind, name);
    let (id, command) = command.unwrap_or_else(|| {
        let names = state.world.command_names(kind).join("`, `");
        panic!("the bot has no command `{name}` of type {kind}; it has `{names}`")
    });
    (id, command.scope)
}

pub(crate) fn add_scope(data: &mut Value, scope: Option<Snowflake>) {
    if let Some(guild) = scope {
        data["guild_id"] = json!(guild);
    }
}

fn place_of(state: &State, message: &str) -> (Snowflake, Snowflake) {
    let id = Snowflake::parse(message);
    let place = id.and_then(|id| Some((state.world.channel_of(id)?, id)));
    place.unwrap_or_else(|| panic!("there is no message `{message}`"))
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for User {}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
