//! The endpoints of polls, and the rules for new ones.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::messages::place;
use super::mistakes::Mistakes;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::User;
use crate::world::permission::READ_MESSAGE_HISTORY;
use crate::world::refusal::Refusal;

const POLL: &[Rule] = &[
    required("question", Is::Object),
    required("answers", Is::List(10)),
    optional("duration", Is::Integer(1, 768)),
    optional("allow_multiselect", Is::Boolean),
    optional("layout_type", Is::OneOf(&[1])),
];
const QUESTION: &[Rule] = &[required("text", Is::Text(1, 300))];
const ANSWER: &[Rule] = &[required("poll_media", Is::Object)];
const MEDIA: &[Rule] = &[
    required("text", Is::Text(1, 55)),
    optional("emoji", Is::Object),
];

/// Checks the poll of a new message.
pub(super) fn check(poll: &Map<String, Value>, mistakes: &mut Mistakes) {
    rules::check(POLL, poll, &["poll"], mistakes);
    if let Some(question) = poll.get("question").and_then(Value::as_object) {
        rules::check(QUESTION, question, &["poll", "question"], mistakes);
    }
    let answers = poll.get("answers").and_then(Value::as_array);
    if answers.is_some_and(Vec::is_empty) {
        let message = "Must be between 1 and 10 in length.";
        mistakes.add(&["poll", "answers"], "BASE_TYPE_BAD_LENGTH", message);
    }
    for (place, answer) in answers.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = ["poll", "answers", &place];
        let Some(fields) = rules::object(answer, &path, mistakes) else {
            continue;
        };
        rules::check(ANSWER, fields, &path, mistakes);
        if let Some(media) = answer["poll_media"].as_object() {
            rules::check(
                MEDIA,
                media,
                &[&path[..], &["poll_media"]].concat(),
                mistakes,
            );
        }
    }
}

pub(crate) fn voters(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, READ_MESSAGE_HISTORY)?;
    let (after, limit) = (
        query::after(&call.query)?,
        query::limit(&call.query, 25, 100)?,
    );
    let answer = call.value("answer_id").parse();
    let answer = answer.map_err(|_| Refusal::UnknownAnswer)?;
    let voters = call.world.voters(channel, id, answer)?.into_iter();
    let later = voters.filter(|user| after.is_none_or(|after| *user > after));
    let users = later.filter_map(|user| call.world.user(user).ok());
    let users: Value = users.take(limit).map(User::json).collect();
    Ok(Answer::Json(json!({ "users": users })))
}

/// Ends an own poll at once.
pub(crate) fn expire(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (channel, id) = place(call)?;
    call.require_in(channel, 0)?;
    let bot = call.world.bot().id.to_string();
    if call.world.message(channel, id)?["author"]["id"] != bot {
        return Err(Refusal::NotTheAuthor.into());
    }
    call.world.end_poll(channel, id, call.now)?;
    Ok(Answer::Json(call.world.message(channel, id)?))
}
