//! Slash commands as a user types them.

use serde_json::{Map, Value, json};

use crate::hub::State;
use crate::library::names::{find_channel, registered};
use crate::library::response::Response;
use crate::library::role::Role;
use crate::library::user::User;
use crate::library::user::interactions::add_scope;
use crate::world;
use crate::world::interaction::{Act, Kind};
use crate::world::snowflake::Snowflake;

/// A slash command that a user types; see [`User::slash`].
#[derive(Clone, Debug)]
#[must_use = "a slash command does nothing until `run`"]
pub struct Slash {
    user: User,
    words: Vec<String>,
    channel: Option<String>,
    options: Vec<(String, OptionValue)>,
}

/// The value of an option of a slash command.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OptionValue {
    /// A string; for a channel its name, for a role its id.
    Text(String),
    /// An integer, which also serves as a number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A user.
    User(User),
}

impl From<&str> for OptionValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for OptionValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for OptionValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for OptionValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for OptionValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<&User> for OptionValue {
    fn from(user: &User) -> Self {
        Self::User(user.clone())
    }
}

impl From<&Role> for OptionValue {
    fn from(role: &Role) -> Self {
        Self::Text(role.id.clone())
    }
}

impl Slash {
    pub(crate) fn new(user: User, command: &str) -> Self {
        let words = command.trim_start_matches('/').split_whitespace();
        Self {
            user,
            words: words.map(ToOwned::to_owned).collect(),
            channel: None,
            options: Vec::new(),
        }
    }

    /// Gives an option a value.
    pub fn option(mut self, name: &str, value: impl Into<OptionValue>) -> Self {
        self.options.push((name.to_owned(), value.into()));
        self
    }

    /// Types the command in this channel. By default `#general`.
    pub fn in_channel(mut self, channel: &str) -> Self {
        self.channel = Some(channel.to_owned());
        self
    }

    /// Sends the command, and waits for the answer.
    ///
    /// # Panics
    ///
    /// If the bot has no such command, an option is unknown, missing or of another type, or the bot
    /// does not answer within three seconds.
    pub async fn run(self) -> Response {
        let user = self.user.clone();
        user.interact(|state| self.act(state, Kind::Command, None))
            .await
    }

    /// Types the beginning of a value of an option, and returns the choices that the bot offers.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run), except that options may be missing; and if the bot answers with anything
    /// but choices.
    pub async fn autocomplete(self, option: &str, typed: &str) -> Vec<Value> {
        let user = self.user.clone();
        let slash = self.option(option, typed);
        let act = |state: &State| slash.act(state, Kind::Autocomplete, Some(option));
        user.interact(act).await.choices()
    }

    fn act(&self, state: &State, kind: Kind, focused: Option<&str>) -> Act {
        let [name, path @ ..] = &self.words[..] else {
            panic!("a slash command has a name")
        };
        let channel = self.channel.as_deref().unwrap_or("general");
        let channel = find_channel(&state.world, self.user.guild, channel);
        let guild = state.world.guild_of(channel);
        let (id, scope) = registered(state, guild, 1, name);
        let definition = state.world.command_named(guild, 1, name);
        let definition = definition.map(|(_, command)| &command.json);
        let empty = json!([]);
        let mut defined = definition
            .and_then(|json| json.get("options"))
            .unwrap_or(&empty);
        for word in path {
            let sub = find(defined, word)
                .unwrap_or_else(|| panic!("`/{name}` has no subcommand `{word}`"));
            defined = sub.get("options").unwrap_or(&empty);
        }
        let mut resolved = Map::new();
        let mut options = self.options_json(state, defined, focused, &mut resolved);
        if focused.is_none() {
            self.check_required(defined);
        }
        for (depth, word) in path.iter().enumerate().rev() {
            // The last word is the subcommand, the one before it the group.
            let kind = if depth + 1 == path.len() { 1 } else { 2 };
            options = json!([{ "name": word, "type": kind, "options": options }]);
        }
        let mut data = json!({ "id": id, "name": name, "type": 1, "options": options });
        if !resolved.is_empty() {
            data["resolved"] = Value::Object(resolved);
        }
        add_scope(&mut data, scope);
        Act {
            kind,
            user: self.user.snowflake(),
            channel,
            data,
            source: None,
        }
    }

    fn options_json(
        &self,
        state: &State,
        defined: &Value,
        focused: Option<&str>,
        resolved: &mut Map<String, Value>,
    ) -> Value {
        let command = self.words.join(" ");
        let options = self.options.iter().map(|(name, value)| {
            let definition = find(defined, name)
                .unwrap_or_else(|| panic!("`/{command}` has no option `{name}`"));
            let kind = definition["type"].as_u64().unwrap_or_default();
            let is_focused = focused == Some(name);
            let value = match value_json(state, self.user.guild, kind, value, resolved) {
                Some(value) => value,
                // What is typed into a number may not be one yet.
                None if is_focused => text(value),
                None => panic!("{value:?} does not fit option `{name}` of `/{command}`"),
            };
            check_choice(definition, &value, name, is_focused);
            let mut option = json!({ "name": name, "type": kind, "value": value });
            if is_focused {
                option["focused"] = json!(true);
            }
            option
        });
        options.collect()
    }

    fn check_required(&self, defined: &Value) {
        for option in defined.as_array().into_iter().flatten() {
            let name = option["name"].as_str().unwrap_or_default();
            let is_given = self.options.iter().any(|(given, _)| given == name);
            assert!(
                is_given || option["required"] != true,
                "option `{name}` of `/{}` is required",
                self.words.join(" ")
            );
        }
    }
}

fn find<'o>(options: &'o Value, name: &str) -> Option<&'o Value> {
    let mut options = options.as_array()?.iter();
    options.find(|option| option["name"] == name)
}

fn text(value: &OptionValue) -> Value {
    match value {
        OptionValue::Text(text) => json!(text),
        other => json!(format!("{other:?}")),
    }
}

/// The value for an option of this type, if it fits.
fn value_json(
    state: &State,
    guild: Snowflake,
    kind: u64,
    value: &OptionValue,
    resolved: &mut Map<String, Value>,
) -> Option<Value> {
    Some(match (kind, value) {
        (3, OptionValue::Text(text)) => json!(text),
        (4 | 10, OptionValue::Integer(number)) => json!(number),
        (5, OptionValue::Boolean(value)) => json!(value),
        (6 | 9, OptionValue::User(user)) => {
            resolve_user(state, guild, user, resolved);
            json!(user.id)
        }
        (7, OptionValue::Text(channel)) => {
            let id = find_channel(&state.world, guild, channel);
            let channel = state.world.channel(id).ok()?;
            add(
                resolved,
                "channels",
                &id.to_string(),
                state.world.channel_json(channel),
            );
            json!(id)
        }
        (8 | 9, OptionValue::Text(role)) => {
            let id = Snowflake::parse(role)?;
            let role = state.world.role(guild, id).ok()?;
            add(resolved, "roles", &id.to_string(), role.json());
            json!(id)
        }
        (10, OptionValue::Number(number)) => json!(number),
        _ => return None,
    })
}

fn resolve_user(state: &State, guild: Snowflake, user: &User, resolved: &mut Map<String, Value>) {
    let id = user.snowflake();
    if let Ok(json) = state.world.user(id).map(world::User::json) {
        add(resolved, "users", &user.id, json);
    }
    if let Some(mut member) = state.world.member(guild, id) {
        if let Some(fields) = member.as_object_mut() {
            fields.remove("user");
        }
        member["permissions"] = state.world.permissions_json(guild, id);
        add(resolved, "members", &user.id, member);
    }
}

fn add(resolved: &mut Map<String, Value>, kind: &str, id: &str, json: Value) {
    let map = resolved.entry(kind).or_insert_with(|| json!({}));
    map[id] = json;
}

fn check_choice(definition: &Value, value: &Value, name: &str, is_focused: bool) {
    let choices = definition["choices"].as_array();
    let Some(choices) = choices.filter(|choices| !choices.is_empty() && !is_focused) else {
        return;
    };
    let is_offered = choices.iter().any(|choice| choice["value"] == *value);
    assert!(is_offered, "{value} is not a choice of option `{name}`");
}
