//! The endpoints of application commands, and the rules for them.

use serde_json::{Map, Value};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::command::Scope;
use crate::world::refusal::Refusal;

/// How many commands of all types a bulk overwrite may have: 100 and twice 15.
const MAX_COMMANDS: usize = 130;
/// Types of options that hold other options.
const SUB_COMMAND: i64 = 1;
const SUB_COMMAND_GROUP: i64 = 2;

const COMMAND: &[Rule] = &[
    required("name", Is::Text(1, 32)),
    optional("type", Is::OneOf(&[1, 2, 3, 4])),
    optional("description", Is::Text(0, 100)),
    optional("options", Is::List(25)),
    optional("name_localizations", Is::Object),
    optional("description_localizations", Is::Object),
    optional("default_member_permissions", Is::Text(1, 20)),
    optional("dm_permission", Is::Boolean),
    optional("nsfw", Is::Boolean),
    optional("contexts", Is::List(3)),
    optional("integration_types", Is::List(2)),
    optional("handler", Is::OneOf(&[1, 2])),
];
const OPTION: &[Rule] = &[
    required("type", Is::OneOf(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])),
    required("name", Is::Text(1, 32)),
    required("description", Is::Text(1, 100)),
    optional("required", Is::Boolean),
    optional("choices", Is::List(25)),
    optional("options", Is::List(25)),
    optional("channel_types", Is::List(25)),
    optional("min_value", Is::Number),
    optional("max_value", Is::Number),
    optional("min_length", Is::Integer(0, 6000)),
    optional("max_length", Is::Integer(1, 6000)),
    optional("autocomplete", Is::Boolean),
];
const CHOICE: &[Rule] = &[required("name", Is::Text(1, 100))];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let scope = scope(call)?;
    Ok(Answer::Json(call.world.commands(scope)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (scope, id) = (scope(call)?, call.id("command_id")?);
    let command = call.world.command(scope, id)?;
    Ok(Answer::Json(Value::Object(command.json.clone())))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let scope = scope(call)?;
    let body = call.take_json();
    let mut mistakes = Mistakes::default();
    let fields = command(&body, &[], &mut mistakes);
    mistakes.check()?;
    let (id, is_new) = call.world.register_command(scope, fields, call.now)?;
    let json = Value::Object(call.world.command(scope, id)?.json.clone());
    Ok(if is_new {
        Answer::Created(json)
    } else {
        Answer::Json(json)
    })
}

pub(crate) fn replace_all(call: &mut Call<'_>) -> Result<Answer, Error> {
    let scope = scope(call)?;
    let body = call.take_json();
    let Some(list) = body.as_array() else {
        let message = "Only iterables may be used in a ListType";
        return Err(Error::of_form("LIST_TYPE_CONVERT", message));
    };
    if list.len() > MAX_COMMANDS {
        return Err(Refusal::TooManyCommands.into());
    }
    let mut mistakes = Mistakes::default();
    let mut commands = Vec::new();
    for (place, body) in list.iter().enumerate() {
        let place = place.to_string();
        let fields = command(body, &[&place], &mut mistakes);
        let same = |other: &Map<String, Value>| {
            other.get("name") == fields.get("name") && kind_of(other) == kind_of(&fields)
        };
        if commands.iter().any(same) {
            let message = "Application command names must be unique";
            let path = [&place, "name"];
            mistakes.add(&path, "APPLICATION_COMMANDS_DUPLICATE_NAME", message);
        }
        commands.push(fields);
    }
    mistakes.check()?;
    call.world.replace_commands(scope, commands, call.now)?;
    Ok(Answer::Json(call.world.commands(scope)))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (scope, id) = (scope(call)?, call.id("command_id")?);
    let mut whole = call.world.command(scope, id)?.json.clone();
    let body = call.take_json();
    let mut mistakes = Mistakes::default();
    let changes = rules::object(&body, &[], &mut mistakes)
        .cloned()
        .unwrap_or_default();
    // The type of a command cannot change.
    let changes: Map<_, _> = changes
        .into_iter()
        .filter(|(key, _)| key != "type")
        .collect();
    whole.extend(rules::known(COMMAND, &changes));
    command(&Value::Object(whole), &[], &mut mistakes);
    mistakes.check()?;
    let changes = rules::known(COMMAND, &changes);
    call.world.edit_command(scope, id, changes, call.now)?;
    Ok(Answer::Json(Value::Object(
        call.world.command(scope, id)?.json.clone(),
    )))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (scope, id) = (scope(call)?, call.id("command_id")?);
    call.world.delete_command(scope, id)?;
    Ok(Answer::NoContent)
}

/// The guild in the path, or none; the application must be the bot's own.
fn scope(call: &Call<'_>) -> Result<Scope, Error> {
    call.own_application()?;
    if call.value("guild_id").is_empty() {
        return Ok(None);
    }
    let guild = call.id("guild_id")?;
    let known = call.world.known_guild(guild);
    known.map_err(|_| Refusal::MissingAccess)?;
    Ok(Some(guild))
}

/// Checks a command, and returns the fields that are stored.
fn command(body: &Value, path: &[&str], mistakes: &mut Mistakes) -> Map<String, Value> {
    let Some(fields) = rules::object(body, path, mistakes) else {
        return Map::new();
    };
    rules::check(COMMAND, fields, path, mistakes);
    let description = fields
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match kind_of(fields) {
        1 => {
            check_name(fields, path, mistakes);
            if description.is_empty() {
                let path = [path, &["description"]].concat();
                mistakes.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
            }
        }
        2 | 3 if !description.is_empty() => {
            let path = [path, &["description"]].concat();
            let message = "Context menu commands cannot have description";
            mistakes.add(&path, "APPLICATION_COMMAND_INVALID_DESCRIPTION", message);
        }
        _ => {}
    }
    check_options(fields, path, mistakes);
    rules::known(COMMAND, fields)
}

fn check_options(fields: &Map<String, Value>, path: &[&str], mistakes: &mut Mistakes) {
    let options = fields.get("options").and_then(Value::as_array);
    let mut saw_optional = false;
    for (place, option) in options.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = [path, &["options", &place]].concat();
        let Some(fields) = rules::object(option, &path, mistakes) else {
            continue;
        };
        rules::check(OPTION, fields, &path, mistakes);
        check_name(fields, &path, mistakes);
        let holds_options = matches!(
            option["type"].as_i64(),
            Some(SUB_COMMAND | SUB_COMMAND_GROUP)
        );
        let is_required = option["required"] == true;
        if is_required && saw_optional {
            let message = "Required options must be placed before non-required options";
            mistakes.add(
                &path,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                message,
            );
        }
        saw_optional |= !is_required && !holds_options;
        let choices = option["choices"].as_array();
        for (nth, choice) in choices.into_iter().flatten().enumerate() {
            let nth = nth.to_string();
            let path = [&path[..], &["choices", &nth]].concat();
            if let Some(choice) = rules::object(choice, &path, mistakes) {
                rules::check(CHOICE, choice, &path, mistakes);
            }
        }
        check_options(fields, &path, mistakes);
    }
}

/// Names of slash commands and options have no spaces and no upper-case letters.
fn check_name(fields: &Map<String, Value>, path: &[&str], mistakes: &mut Mistakes) {
    let name = fields
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let is_allowed = |letter: char| {
        let is_plain = letter.is_alphanumeric() || "-_'".contains(letter);
        is_plain && !letter.is_uppercase()
    };
    if !name.chars().all(is_allowed) {
        let path = [path, &["name"]].concat();
        let message = "Command name is invalid";
        mistakes.add(&path, "APPLICATION_COMMAND_INVALID_NAME", message);
    }
}

fn kind_of(fields: &Map<String, Value>) -> i64 {
    fields.get("type").and_then(Value::as_i64).unwrap_or(1)
}
