//! The bodies of messages: JSON to a [`Draft`] or an [`Edit`], or a tree of all mistakes in it.

use serde_json::{Map, Value, json};

use super::body::Body;
use super::components;
use super::error::{self, Error};
use super::mistakes::Mistakes;
use super::rules;
use crate::rest::request::File;
use crate::world::snowflake::Snowflake;
use crate::world::{AllowedMentions, Draft, Edit, Upload};

/// The message flag of version 2 of components.
const COMPONENTS_V2: u64 = 1 << 15;
const MAX_CONTENT_LENGTH: usize = 2000;
const MAX_NONCE_LENGTH: usize = 25;
const MAX_EMBEDS: usize = 10;
const MAX_EMBED_LENGTH: usize = 6000;
const MAX_EMBED_FIELDS: usize = 25;
const MAX_COMPONENTS: usize = 40;
const MAX_FILES: usize = 10;
const MAX_FILE_BYTES: usize = 10 << 20;

pub(crate) fn draft(body: Body) -> Result<Draft, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut form = Form::of(&json)?;
    let attachments = form.attachments();
    let reference = form.object("message_reference");
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
        reply_to: reference.and_then(|reference| form.id_in("message_reference", reference)),
        must_exist: reference.is_none_or(|r| r.get("fail_if_not_exists") != Some(&json!(false))),
        may_mention: form.allowed_mentions(),
        uploads: form.uploads(body.files, &attachments)?,
        ..Draft::default()
    };
    let is_v2 = draft.flags & COMPONENTS_V2 != 0;
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

/// The one field of `POST /users/@me/channels`.
pub(crate) fn recipient(body: Body) -> Result<Snowflake, Error> {
    let json = body.json.unwrap_or_else(|| json!({}));
    let mut form = Form::of(&json)?;
    let id = form.required_id("recipient_id");
    form.mistakes.check()?;
    Ok(id.expect("an id that is missing is a mistake"))
}

/// What a body says about one attachment, old or new.
struct Described<'f> {
    /// The `n` of `files[n]`, or the id of an existing attachment.
    id: Option<Snowflake>,
    filename: Option<&'f str>,
    description: Option<&'f str>,
}

struct Form<'f> {
    json: &'f Map<String, Value>,
    mistakes: Mistakes,
}

impl<'f> Form<'f> {
    fn of(json: &'f Value) -> Result<Self, Error> {
        let json = json.as_object().ok_or_else(|| {
            Error::of_form(
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            )
        })?;
        Ok(Self {
            json,
            mistakes: Mistakes::default(),
        })
    }

    /// The value of a field, unless it is absent or null.
    fn given(&self, key: &str) -> Option<&'f Value> {
        self.json.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str, longest: usize) -> Option<String> {
        let value = self.given(key)?;
        self.check_text(&[key], value, longest)
            .map(ToOwned::to_owned)
    }

    fn flag(&mut self, key: &str) -> bool {
        let Some(value) = self.given(key) else {
            return false;
        };
        value.as_bool().unwrap_or_else(|| {
            self.mistakes.add(
                &[key],
                "BOOLEAN_TYPE_CONVERT",
                "Must be either true or false.",
            );
            false
        })
    }

    fn number(&mut self, key: &str) -> Option<u64> {
        let value = self.given(key)?;
        if value.as_u64().is_none() {
            self.not_coerced(&[key], value, "int");
        }
        value.as_u64()
    }

    fn object(&mut self, key: &str) -> Option<&'f Map<String, Value>> {
        let value = self.given(key)?;
        if !value.is_object() {
            self.not_an_object(&[key]);
        }
        value.as_object()
    }

    fn objects(&mut self, key: &str, most: usize) -> Option<Vec<Value>> {
        let list = self.list(key, most)?;
        for place in (0..list.len()).filter(|place| !list[*place].is_object()) {
            self.not_an_object(&[key, &place.to_string()]);
        }
        Some(list.clone())
    }

    fn list(&mut self, key: &str, most: usize) -> Option<&'f Vec<Value>> {
        let value = self.given(key)?;
        match value.as_array() {
            None => {
                let message = "Only iterables may be used in a ListType";
                self.mistakes.add(&[key], "LIST_TYPE_CONVERT", message);
            }
            Some(list) if list.len() > most => self.too_long(&[key], most),
            Some(_) => {}
        }
        value.as_array()
    }

    /// An integer or a short text.
    fn nonce(&mut self) -> Option<Value> {
        let value = self.given("nonce")?;
        if !(value.is_i64() || value.is_u64()) {
            self.check_text(&["nonce"], value, MAX_NONCE_LENGTH)?;
        }
        Some(value.clone())
    }

    fn embeds(&mut self) -> Option<Vec<Value>> {
        let mut embeds = self.objects("embeds", MAX_EMBEDS)?;
        let mut letters = 0;
        for (place, embed) in embeds.iter_mut().enumerate() {
            letters += self.embed(&["embeds", &place.to_string()], embed);
            if let Some(embed) = embed.as_object_mut() {
                embed.entry("type").or_insert_with(|| json!("rich"));
            }
        }
        if letters > MAX_EMBED_LENGTH {
            let message = "Embed size exceeds maximum size of 6000";
            self.mistakes
                .add(&["embeds"], "MAX_EMBED_SIZE_EXCEEDED", message);
        }
        Some(embeds)
    }

    /// Checks an embed, and returns its number of characters.
    fn embed(&mut self, path: &[&str], embed: &Value) -> usize {
        let texts = [
            (&["title"][..], 256),
            (&["description"], 4096),
            (&["footer", "text"], 2048),
            (&["author", "name"], 256),
        ];
        let mut letters = 0;
        for (keys, longest) in texts {
            let value = keys.iter().try_fold(embed, |value, key| value.get(*key));
            if let Some(value) = value.filter(|value| !value.is_null()) {
                let text = self.check_text(&[path, keys].concat(), value, longest);
                letters += text.map_or(0, |text| text.chars().count());
            }
        }
        let fields = embed["fields"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if fields.len() > MAX_EMBED_FIELDS {
            self.too_long(&[path, &["fields"]].concat(), MAX_EMBED_FIELDS);
        }
        for (place, field) in fields.iter().enumerate() {
            let place = place.to_string();
            letters += self.embed_field(&[path, &["fields", &place]].concat(), field);
        }
        letters
    }

    fn embed_field(&mut self, path: &[&str], field: &Value) -> usize {
        let mut letters = 0;
        for (key, longest) in [("name", 256), ("value", 1024)] {
            let path = [path, &[key]].concat();
            match &field[key] {
                Value::Null => self.required(&path),
                Value::String(text) if text.is_empty() => self.required(&path),
                value => {
                    let text = self.check_text(&path, value, longest);
                    letters += text.map_or(0, |text| text.chars().count());
                }
            }
        }
        letters
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

    fn required_id(&mut self, key: &str) -> Option<Snowflake> {
        let value = self.given(key);
        if value.is_none() {
            self.required(&[key]);
        }
        self.id_of(key, value?)
    }

    fn id_of(&mut self, key: &str, value: &Value) -> Option<Snowflake> {
        let id = rules::id(value);
        if id.is_none() {
            self.not_coerced(&[key], value, "snowflake");
        }
        id
    }

    fn attachments(&mut self) -> Vec<Described<'f>> {
        let list = self
            .list("attachments", MAX_FILES)
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (place, attachment) in list.iter().enumerate() {
            if rules::id(&attachment["id"]).is_none() {
                self.required(&["attachments", &place.to_string(), "id"]);
            }
        }
        let described = list.iter().map(|attachment| Described {
            id: rules::id(&attachment["id"]),
            filename: attachment["filename"].as_str(),
            description: attachment["description"].as_str(),
        });
        described.collect()
    }

    /// The files, with what the body says about each.
    fn uploads(&mut self, files: Vec<File>, described: &[Described]) -> Result<Vec<Upload>, Error> {
        if files.len() > MAX_FILES {
            self.too_long(&["attachments"], MAX_FILES);
        }
        if files.iter().any(|file| file.bytes.len() > MAX_FILE_BYTES) {
            return Err(error::TOO_LARGE.into());
        }
        let mut uploads = Vec::new();
        for file in files {
            // Only `files[n]` is documented for messages.
            let Some(n) = number_of(&file.name) else {
                continue;
            };
            let about = described.iter().find(|described| described.id == Some(n));
            let filename = about.and_then(|about| about.filename);
            uploads.push(Upload {
                filename: filename.map_or(file.filename, ToOwned::to_owned),
                content_type: file.content_type,
                description: about
                    .and_then(|about| about.description)
                    .map(ToOwned::to_owned),
                bytes: file.bytes,
            });
        }
        Ok(uploads)
    }

    fn check_text<'v>(
        &mut self,
        path: &[&str],
        value: &'v Value,
        longest: usize,
    ) -> Option<&'v str> {
        let text = value.as_str();
        match text {
            None => {
                let message = format!("Could not interpret \"{value}\" as string.");
                self.mistakes.add(path, "STRING_TYPE_CONVERT", &message);
            }
            Some(text) if text.chars().count() > longest => self.too_long(path, longest),
            Some(_) => {}
        }
        text
    }

    fn too_long(&mut self, path: &[&str], longest: usize) {
        let message = format!("Must be {longest} or fewer in length.");
        self.mistakes.add(path, "BASE_TYPE_MAX_LENGTH", &message);
    }

    fn required(&mut self, path: &[&str]) {
        self.mistakes
            .add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    fn not_an_object(&mut self, path: &[&str]) {
        let message = "Only dictionaries may be used in a DictType";
        self.mistakes.add(path, "DICT_TYPE_CONVERT", message);
    }

    fn not_coerced(&mut self, path: &[&str], value: &Value, kind: &str) {
        let shown = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        let message = format!("Value \"{shown}\" is not {kind}.");
        self.mistakes.add(path, "NUMBER_TYPE_COERCE", &message);
    }
}

/// The `n` of `files[n]`.
fn number_of(part: &str) -> Option<Snowflake> {
    Snowflake::parse(part.strip_prefix("files[")?.strip_suffix(']')?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn body(json: Value) -> Body {
        Body {
            json: Some(json),
            files: Vec::new(),
        }
    }

    fn mistakes(json: Value) -> Value {
        draft(body(json)).expect_err("mistakes").body()["errors"].clone()
    }

    fn file(name: &str, size: usize) -> File {
        File {
            name: name.to_owned(),
            filename: "cat.png".to_owned(),
            content_type: "image/png".to_owned(),
            bytes: Arc::from(vec![0; size]),
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(draft(body(json!({ "content": "ü".repeat(2000) }))).is_ok());
        let errors = mistakes(json!({ "content": "ü".repeat(2001) }));
        assert_eq!(
            errors["content"]["_errors"][0]["code"],
            "BASE_TYPE_MAX_LENGTH"
        );
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let errors = mistakes(json!({
            "content": 7,
            "tts": "yes",
            "flags": "many",
            "nonce": "n".repeat(26),
            "embeds": [{ "fields": [{ "name": "n" }] }, 3],
            "message_reference": { "message_id": "x" },
        }));
        assert_eq!(
            errors["content"]["_errors"][0]["code"],
            "STRING_TYPE_CONVERT"
        );
        assert_eq!(errors["tts"]["_errors"][0]["code"], "BOOLEAN_TYPE_CONVERT");
        assert_eq!(errors["flags"]["_errors"][0]["code"], "NUMBER_TYPE_COERCE");
        assert_eq!(
            errors["nonce"]["_errors"][0]["code"],
            "BASE_TYPE_MAX_LENGTH"
        );
        let value = &errors["embeds"]["0"]["fields"]["0"]["value"]["_errors"];
        assert_eq!(value[0]["code"], "BASE_TYPE_REQUIRED");
        assert_eq!(
            errors["embeds"]["1"]["_errors"][0]["code"],
            "DICT_TYPE_CONVERT"
        );
        assert_eq!(
            errors["message_reference"]["_errors"][0]["code"],
            "NUMBER_TYPE_COERCE"
        );
    }

    #[test]
    fn all_embeds_together_have_a_maximum_size() {
        let embed = json!({ "description": "x".repeat(4000) });
        assert!(draft(body(json!({ "embeds": [embed] }))).is_ok());
        let errors = mistakes(json!({ "embeds": [embed, embed] }));
        assert_eq!(
            errors["embeds"]["_errors"][0]["code"],
            "MAX_EMBED_SIZE_EXCEEDED"
        );
    }

    #[test]
    fn an_attachment_describes_the_file_with_its_number() {
        let json =
            json!({ "attachments": [{ "id": 3, "description": "a cat", "filename": "c.png" }] });
        let files = vec![
            file("files[0]", 1),
            file("files[3]", 2),
            file("thumbnail", 3),
        ];
        let uploads = draft(Body {
            json: Some(json),
            files,
        })
        .expect("fine")
        .uploads;
        assert_eq!(uploads.len(), 2);
        assert_eq!(
            (uploads[0].filename.as_str(), &uploads[0].description),
            ("cat.png", &None)
        );
        assert_eq!(uploads[1].filename, "c.png");
        assert_eq!(uploads[1].description.as_deref(), Some("a cat"));
    }

    #[test]
    fn a_file_that_is_too_large_has_its_own_error() {
        let files = vec![file("files[0]", MAX_FILE_BYTES + 1)];
        let refused = draft(Body { json: None, files }).err();
        assert_eq!(refused, Some(error::TOO_LARGE.into()));
    }

    #[test]
    fn an_edit_distinguishes_absent_from_null() {
        let absent = edit(body(json!({}))).expect("fine");
        assert!(absent.content.is_none() && absent.embeds.is_none() && absent.keep.is_none());
        let null = json!({ "content": null, "embeds": null, "attachments": [] });
        let cleared = edit(body(null)).expect("fine");
        assert_eq!(cleared.content.as_deref(), Some(""));
        assert_eq!((cleared.embeds, cleared.keep), (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn only_listed_mentions_are_allowed() {
        let mentions = |allowed| {
            draft(body(json!({ "content": "x", "allowed_mentions": allowed })))
                .expect("fine")
                .may_mention
        };
        let none = mentions(json!({ "parse": [] }));
        assert!(!none.everyone && !none.any_user && !none.replied_user);
        assert!(mentions(json!({ "parse": ["users"] })).any_user);
        assert!(mentions(Value::Null).everyone);
    }
}
