//! Embeds of a message, with their limits.

use serde_json::{Value, json};

use super::form::Form;

const MAX_EMBEDS: usize = 10;
const MAX_EMBED_LENGTH: usize = 6000;
const MAX_EMBED_FIELDS: usize = 25;

impl Form<'_> {
    pub(super) fn embeds(&mut self) -> Option<Vec<Value>> {
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
}
