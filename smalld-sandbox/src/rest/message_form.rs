//! Bodies of messages: from JSON to a [`Draft`] or an [`Edit`], or to a tree of all mistakes.

use serde_json::{Map, Value, json};

use super::body::Body;
use super::components;
use super::error::Error;
use super::form::Form;
use super::polls;
use super::rules;
use crate::world::message::Reference;
use crate::world::snowflake::Snowflake;
use crate::world::{AllowedMentions, Draft, Edit};

#[cfg(test)]
mod tests;

/// The message flag of version 2 of components.
const COMPONENTS_V2: u64 = 1 << 15;
const MAX_CONTENT_LENGTH: usize = 2000;
const MAX_NONCE_LENGTH: usize = 25;
const MAX_COMPONENTS: usize = 40;

pub(crate) fn draft(body: Body) -> Result<Draft, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut form = Form::of(&json)?;
    let attachments = form.attachments();
    let reference = form.object("message_reference");
    let message = reference.and_then(|reference| form.id_in("message_reference", reference));
    let is_forward = reference.is_some_and(|r| r.get("type") == Some(&json!(1)));
    let forward = reference.filter(|_| is_forward);
    let forward = forward.and_then(|reference| form.forward(reference, message));
    let draft = Draft {
        content: form.text("content", MAX_CONTENT_LENGTH).unwrap_or_default(),
        tts: form.flag("tts"),
        nonce: form.nonce(),
        enforce_nonce: form.flag("enforce_nonce"),
        flags: form.number("flags").unwrap_or_default(),
        embeds: form.embeds().unwrap_or_default(),
        components: form
            .objects("components", MAX_COMPONENTS)
            .unwrap_or_default(),
        poll: form.object("poll").cloned().map(Value::Object),
        reply_to: message.filter(|_| !is_forward),
        reference: forward,
        must_exist: reference.is_none_or(|r| r.get("fail_if_not_exists") != Some(&json!(false))),
        may_mention: form.allowed_mentions(),
        uploads: form.uploads(body.files, &attachments)?,
        ..Draft::default()
    };
    if let Some(Value::Object(poll)) = &draft.poll {
        polls::check(poll, &mut form.mistakes);
    }
    let is_v2 = draft.flags & COMPONENTS_V2 != 0;
    if is_v2 {
        form.check_v2(&draft);
    }
    components::check_message(&draft.components, is_v2, &mut form.mistakes);
    form.mistakes.check()?;
    Ok(draft)
}

pub(crate) fn edit(body: Body) -> Result<Edit, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut form = Form::of(&json)?;
    let attachments = form.attachments();
    let clears = |key| json.get(key).is_some_and(Value::is_null);
    let edit = Edit {
        content: form
            .text("content", MAX_CONTENT_LENGTH)
            .or(clears("content").then(String::new)),
        flags: form.number("flags"),
        embeds: form.embeds().or(clears("embeds").then(Vec::new)),
        components: form
            .objects("components", MAX_COMPONENTS)
            .or(clears("components").then(Vec::new)),
        may_mention: form.allowed_mentions(),
        keep: json
            .get("attachments")
            .map(|_| attachments.iter().filter_map(|a| a.id).collect()),
        uploads: form.uploads(body.files, &attachments)?,
    };
    if let Some(list) = &edit.components {
        let is_v2 = edit.flags.is_some_and(|flags| flags & COMPONENTS_V2 != 0)
            || list.iter().any(|component| component["type"] != 1);
        components::check_message(list, is_v2, &mut form.mistakes);
    }
    form.mistakes.check()?;
    Ok(edit)
}

impl Form<'_> {
    /// An integer or a short text.
    fn nonce(&mut self) -> Option<Value> {
        let value = self.given("nonce")?;
        if !(value.is_i64() || value.is_u64()) {
            self.check_text(&["nonce"], value, MAX_NONCE_LENGTH)?;
        }
        Some(value.clone())
    }

    /// With version 2 of components, a message consists of components alone.
    fn check_v2(&mut self, draft: &Draft) {
        let others = [
            ("content", !draft.content.is_empty()),
            ("embeds", !draft.embeds.is_empty()),
            ("poll", draft.poll.is_some()),
        ];
        for (field, _) in others.into_iter().filter(|(_, is_there)| *is_there) {
            let code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2";
            let message = format!(
                "The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            );
            self.mistakes.add(&[field], code, &message);
        }
    }

    /// The message that is forwarded, whose channel must be stated.
    fn forward(
        &mut self,
        reference: &Map<String, Value>,
        message: Option<Snowflake>,
    ) -> Option<Reference> {
        let channel = reference.get("channel_id").and_then(rules::id);
        if channel.is_none() {
            self.required(&["message_reference", "channel_id"]);
        }
        Some(Reference {
            kind: Reference::FORWARD,
            channel: channel?,
            message: Some(message?),
        })
    }

    fn allowed_mentions(&mut self) -> AllowedMentions {
        let Some(allowed) = self.object("allowed_mentions") else {
            return AllowedMentions::default();
        };
        let listed = |key: &str| {
            allowed
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let parses = |kind: &str| listed("parse").any(|known| known == kind);
        AllowedMentions {
            everyone: parses("everyone"),
            any_user: parses("users"),
            users: listed("users")
                .filter_map(Value::as_str)
                .filter_map(Snowflake::parse)
                .collect(),
            replied_user: allowed.get("replied_user") == Some(&json!(true)),
        }
    }

    fn id_in(&mut self, key: &str, object: &Map<String, Value>) -> Option<Snowflake> {
        let value = object.get("message_id").filter(|value| !value.is_null());
        if value.is_none() {
            self.required(&[key, "message_id"]);
        }
        self.id_of(key, value?)
    }
}
