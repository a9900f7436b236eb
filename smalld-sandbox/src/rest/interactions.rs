//! The endpoint with which an application answers interactions. What it writes afterwards is in
//! `webhook_messages`.

use std::mem;

use serde_json::{Map, Value, json};

use super::body::Body;
use super::call::Call;
use super::components;
use super::error::Error;
use super::message_form;
use super::mistakes::Mistakes;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, required};
use crate::world::interaction::{Callback, Kind};
use crate::world::refusal::Refusal;

const CHOICE: &[Rule] = &[required("name", Is::Text(1, 100))];
const CHOICES: &[Rule] = &[required("choices", Is::List(25))];

/// `POST /interactions/{id}/{token}/callback`.
pub(crate) fn answer(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("interaction_id")?;
    let token = call.value("interaction_token").to_owned();
    let kind = call.world.unanswered(id, &token, call.now)?.kind;
    let body = mem::take(&mut call.body);
    let number = body.json.as_ref().and_then(|json| json["type"].as_i64());
    let callback = callback(kind, body)?;
    call.world.answer(id, callback, call.now)?;
    let wants_response = query::flag(&call.query, "with_response");
    if !wants_response {
        return Ok(Answer::NoContent);
    }
    let interaction = call
        .world
        .interaction(id)
        .ok_or(Refusal::UnknownInteraction)?;
    let mut response = json!({ "interaction": { "id": id, "type": interaction.kind as u64 } });
    if let Some(original) = interaction.original {
        let message = call.world.message_of_interaction(id, original)?;
        let flags = message["flags"].as_u64().unwrap_or_default();
        let loading = call.world.is_loading(interaction.channel, original);
        response["interaction"]["response_message_id"] = json!(original);
        response["interaction"]["response_message_loading"] = json!(loading);
        response["interaction"]["response_message_ephemeral"] = json!(flags & (1 << 6) != 0);
        response["resource"] = json!({ "type": number, "message": message });
    }
    Ok(Answer::Json(response))
}

/// The types of callbacks that answer each type of interaction.
fn allowed(kind: Kind) -> &'static [i64] {
    match kind {
        Kind::Command => &[4, 5, 9],
        Kind::Component => &[4, 5, 6, 7, 9],
        Kind::Autocomplete => &[8],
        Kind::ModalSubmit => &[4, 5, 6, 7],
    }
}

fn callback(kind: Kind, body: Body) -> Result<Callback, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut mistakes = Mistakes::default();
    if let Some(fields) = rules::object(&json, &[], &mut mistakes) {
        rules::check(
            &[required("type", Is::OneOf(allowed(kind)))],
            fields,
            &[],
            &mut mistakes,
        );
    }
    mistakes.check()?;
    let data = json["data"].clone();
    let message = Body {
        json: (!data.is_null()).then(|| data.clone()),
        files: body.files,
        ..Body::default()
    };
    let of_data = |error: Error| error.inside("data");
    Ok(match json["type"].as_i64() {
        Some(4) => Callback::Message(Box::new(message_form::draft(message).map_err(of_data)?)),
        Some(5) => Callback::DeferMessage {
            is_ephemeral: data["flags"].as_u64().unwrap_or_default() & (1 << 6) != 0,
        },
        Some(6) => Callback::DeferUpdate,
        Some(7) => Callback::Update(Box::new(message_form::edit(message).map_err(of_data)?)),
        Some(8) => Callback::Choices(choices(&data)?),
        _ => Callback::Modal(modal(data)?),
    })
}

fn choices(data: &Value) -> Result<Vec<Value>, Error> {
    let empty = Map::new();
    let fields = data.as_object().unwrap_or(&empty);
    let mut mistakes = Mistakes::default();
    rules::check(CHOICES, fields, &["data"], &mut mistakes);
    let list = data["choices"].as_array().cloned().unwrap_or_default();
    for (place, choice) in list.iter().enumerate() {
        let place = place.to_string();
        let path = ["data", "choices", &place];
        if let Some(choice) = rules::object(choice, &path, &mut mistakes) {
            rules::check(CHOICE, choice, &path, &mut mistakes);
        }
    }
    mistakes.check()?;
    Ok(list)
}

fn modal(data: Value) -> Result<Value, Error> {
    let mut mistakes = Mistakes::default();
    if let Some(fields) = rules::object(&data, &["data"], &mut mistakes) {
        components::check_modal(fields, &mut mistakes);
    }
    mistakes.check()?;
    Ok(data)
}
