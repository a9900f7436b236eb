//! The endpoints of lobbies that a bot may use. Lobbies have no messages here.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::snowflake::Snowflake;

/// How many members one request may add or change.
const MAX_AT_ONCE: usize = 25;

const LOBBY: &[Rule] = &[
    optional("metadata", Is::Object),
    optional("members", Is::List(MAX_AT_ONCE)),
    optional("idle_timeout_seconds", Is::Integer(5, 604_800)),
    optional("flags", Is::OneOf(&[0, 1])),
    optional("override_event_webhooks_url", Is::Text(0, 512)),
];
const MEMBER: &[Rule] = &[
    optional("metadata", Is::Object),
    optional("flags", Is::OneOf(&[0, 1])),
    optional("additional_name", Is::Text(1, 80)),
];
const BULK_MEMBER: &[Rule] = &[
    required("id", Is::Id),
    optional("metadata", Is::Object),
    optional("flags", Is::OneOf(&[0, 1])),
    optional("remove_member", Is::Boolean),
];

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let fields = lobby_fields(call)?;
    Ok(Answer::Created(call.world.add_lobby(fields, call.now)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let lobby = call.world.lobby(call.id("lobby_id")?)?;
    Ok(Answer::Json(lobby.clone()))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("lobby_id")?;
    call.world.lobby(id)?;
    let fields = lobby_fields(call)?;
    Ok(Answer::Json(call.world.edit_lobby(id, fields)?))
}

/// Deleting what is not there is no mistake.
pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("lobby_id")?;
    call.world.delete_lobby(id);
    Ok(Answer::NoContent)
}

pub(crate) fn add_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (lobby, user) = (call.id("lobby_id")?, call.id("user_id")?);
    call.world.user(user)?;
    let fields = call.fields(MEMBER)?;
    let member = member(user, &fields);
    call.world.set_lobby_member(lobby, &member)?;
    Ok(Answer::Json(member))
}

pub(crate) fn remove_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (lobby, user) = (call.id("lobby_id")?, call.id("user_id")?);
    call.world.remove_lobby_member(lobby, &json!(user))?;
    Ok(Answer::NoContent)
}

pub(crate) fn change_members(call: &mut Call<'_>) -> Result<Answer, Error> {
    let lobby = call.id("lobby_id")?;
    call.world.lobby(lobby)?;
    let body = call.take_json();
    let Some(list) = body.as_array() else {
        let message = "Only iterables may be used in a ListType";
        return Err(Error::of_form("LIST_TYPE_CONVERT", message));
    };
    if !(1..=MAX_AT_ONCE).contains(&list.len()) {
        let message = format!("Must be between 1 and {MAX_AT_ONCE} in length.");
        return Err(Error::of_form("BASE_TYPE_BAD_LENGTH", &message));
    }
    let mut mistakes = Mistakes::default();
    for (place, element) in list.iter().enumerate() {
        let place = place.to_string();
        if let Some(fields) = rules::object(element, &[&place], &mut mistakes) {
            rules::check(BULK_MEMBER, fields, &[&place], &mut mistakes);
        }
    }
    mistakes.check()?;
    let mut changed = Vec::new();
    for fields in list.iter().filter_map(Value::as_object) {
        if fields.get("remove_member") == Some(&json!(true)) {
            call.world.remove_lobby_member(lobby, &fields["id"])?;
        } else if let Some(user) = rules::id(&fields["id"]) {
            let member = member(user, fields);
            call.world.set_lobby_member(lobby, &member)?;
            changed.push(member);
        }
    }
    Ok(Answer::Json(json!(changed)))
}

fn lobby_fields(call: &mut Call<'_>) -> Result<Map<String, Value>, Error> {
    let mut fields = call.fields(LOBBY)?;
    fields.remove("idle_timeout_seconds");
    if let Some(members) = fields.get("members").and_then(Value::as_array) {
        let members = members.iter().filter_map(Value::as_object);
        let members = members.filter_map(|fields| {
            let user = rules::id(fields.get("id")?)?;
            Some(member(user, fields))
        });
        let members: Value = members.collect();
        fields.insert("members".to_owned(), members);
    }
    fields.retain(|key, value| key == "metadata" || !value.is_null());
    Ok(fields)
}

fn member(user: Snowflake, fields: &Map<String, Value>) -> Value {
    let mut member = json!({
        "id": user,
        "metadata": fields.get("metadata"),
        "flags": fields.get("flags").and_then(Value::as_u64).unwrap_or(0),
    });
    if let Some(name) = fields.get("additional_name") {
        member["additional_name"] = name.clone();
    }
    member
}
