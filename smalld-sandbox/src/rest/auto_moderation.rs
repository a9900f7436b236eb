//! The endpoints of auto moderation rules.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::{self, Error, Known};
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::MANAGE_GUILD;

/// Discord has no code for an unknown rule.
const UNKNOWN: Known = error::NO_ROUTE;

/// Actions of auto moderation.
const ALERT: u64 = 2;
const TIMEOUT: u64 = 3;
/// The longest timeout: four weeks, in seconds.
const MAX_TIMEOUT: i64 = 2_419_200;

const NEW_RULE: &[Rule] = &[
    required("name", Is::Text(1, 100)),
    required("event_type", Is::OneOf(&[1, 2])),
    required("trigger_type", Is::OneOf(&[1, 3, 4, 5, 6])),
    required("actions", Is::List(5)),
    optional("trigger_metadata", Is::Object),
    optional("enabled", Is::Boolean),
    optional("exempt_roles", Is::Ids(20)),
    optional("exempt_channels", Is::Ids(50)),
];
const RULE: &[Rule] = &[
    optional("name", Is::Text(1, 100)),
    optional("event_type", Is::OneOf(&[1, 2])),
    optional("actions", Is::List(5)),
    optional("trigger_metadata", Is::Object),
    optional("enabled", Is::Boolean),
    optional("exempt_roles", Is::Ids(20)),
    optional("exempt_channels", Is::Ids(50)),
];
const ACTION: &[Rule] = &[
    required("type", Is::OneOf(&[1, 2, 3, 4])),
    optional("metadata", Is::Object),
];
const ALERT_METADATA: &[Rule] = &[required("channel_id", Is::Id)];
const TIMEOUT_METADATA: &[Rule] = &[required("duration_seconds", Is::Integer(0, MAX_TIMEOUT))];
const METADATA: &[Rule] = &[
    optional("keyword_filter", Is::List(1000)),
    optional("regex_patterns", Is::List(10)),
    optional("allow_list", Is::List(1000)),
    optional("presets", Is::List(3)),
    optional("mention_total_limit", Is::Integer(0, 50)),
    optional("mention_raid_protection_enabled", Is::Boolean),
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    Ok(Answer::Json(call.world.guild(guild)?.rules.json()))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let rule = call.world.rule(guild, call.id("rule_id")?);
    Ok(Answer::Json(rule.ok_or(UNKNOWN)?.clone()))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let fields = call.fields(NEW_RULE)?;
    check(&fields)?;
    let trigger = fields["trigger_type"].as_u64().unwrap_or_default();
    let (count, max) = call.world.rules_of_type(guild, trigger);
    if count >= max {
        let message = format!("Maximum number of rules of this type reached ({max}).");
        let code = "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED";
        return Err(Error::of_form(code, &message));
    }
    let rule = call
        .world
        .add_rule(guild, completed(fields, trigger), call.now)?;
    let id = rules::id(&rule["id"]).unwrap_or(guild);
    let change = (&Value::Null, &audited(&rule));
    call.audit_change(guild, Action::RuleCreate, id, change);
    Ok(Answer::Json(rule))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let id = call.id("rule_id")?;
    let rule = call.world.rule(guild, id).ok_or(UNKNOWN)?;
    let trigger = rule["trigger_type"].as_u64().unwrap_or_default();
    let fields = call.fields(RULE)?;
    check(&fields)?;
    let edited = call.world.edit_rule(guild, id, completed(fields, trigger));
    let (before, after) = edited.ok_or(UNKNOWN)?;
    let change = (&audited(&before), &audited(&after));
    call.audit_change(guild, Action::RuleUpdate, id, change);
    Ok(Answer::Json(after))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD)?;
    let id = call.id("rule_id")?;
    let rule = call.world.delete_rule(guild, id).ok_or(UNKNOWN)?;
    let change = (&audited(&rule), &Value::Null);
    call.audit_change(guild, Action::RuleDelete, id, change);
    Ok(Answer::NoContent)
}

/// Checks the actions and the metadata of a rule.
fn check(fields: &Map<String, Value>) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    rules::check_each("actions", ACTION, fields, &mut mistakes);
    let actions = fields.get("actions").and_then(Value::as_array);
    if actions.is_some_and(Vec::is_empty) {
        let message = "Must be between 1 and 5 in length.";
        mistakes.add(&["actions"], "BASE_TYPE_BAD_LENGTH", message);
    }
    for (place, action) in actions.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = ["actions", &place, "metadata"];
        let metadata = match action["type"].as_u64() {
            Some(ALERT) => ALERT_METADATA,
            Some(TIMEOUT) => TIMEOUT_METADATA,
            _ => continue,
        };
        if let Some(object) = rules::object(&action["metadata"], &path, &mut mistakes) {
            rules::check(metadata, object, &path, &mut mistakes);
        }
    }
    if let Some(metadata) = fields.get("trigger_metadata").and_then(Value::as_object) {
        rules::check(METADATA, metadata, &["trigger_metadata"], &mut mistakes);
        for (key, max) in [
            ("keyword_filter", 60),
            ("regex_patterns", 260),
            ("allow_list", 60),
        ] {
            check_words(metadata, key, max, &mut mistakes);
        }
    }
    mistakes.check()
}

fn check_words(metadata: &Map<String, Value>, key: &str, max: usize, mistakes: &mut Mistakes) {
    let words = metadata.get(key).and_then(Value::as_array);
    for (place, word) in words.into_iter().flatten().enumerate() {
        let length = word.as_str().map(|word| word.chars().count());
        if !length.is_some_and(|length| (1..=max).contains(&length)) {
            let message = format!("Must be between 1 and {max} in length.");
            let path = ["trigger_metadata", key, &place.to_string()];
            mistakes.add(&path, "BASE_TYPE_BAD_LENGTH", &message);
        }
    }
}

/// The fields as they are stored: without those that are null, with the metadata of the trigger and of
/// each action in full.
fn completed(mut fields: Map<String, Value>, trigger: u64) -> Map<String, Value> {
    fields.retain(|_, value| !value.is_null());
    let defaults = match trigger {
        1 | 6 => json!({ "keyword_filter": [], "regex_patterns": [], "allow_list": [] }),
        4 => json!({ "presets": [], "allow_list": [] }),
        5 => json!({ "mention_total_limit": 20, "mention_raid_protection_enabled": false }),
        _ => json!({}),
    };
    let is_new = fields.contains_key("trigger_type");
    if is_new || fields.contains_key("trigger_metadata") {
        let mut metadata = defaults;
        let given = fields.get("trigger_metadata").and_then(Value::as_object);
        for (key, value) in given.into_iter().flatten() {
            metadata[key] = value.clone();
        }
        fields.insert("trigger_metadata".to_owned(), metadata);
    }
    let actions = fields.get_mut("actions").and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        if action["metadata"].is_null() {
            action["metadata"] = json!({});
        }
    }
    fields
}

/// The fields that the audit log shows.
fn audited(rule: &Value) -> Value {
    let keys = ["name", "event_type", "trigger_type", "actions", "enabled"];
    let fields = keys.map(|key| (key.to_owned(), rule[key].clone()));
    json!(Map::from_iter(fields))
}
