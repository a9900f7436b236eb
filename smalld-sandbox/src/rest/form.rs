//! Reader of the fields of a JSON object that collects all mistakes in them.

use serde_json::{Map, Value};

use super::error::Error;
use super::mistakes::Mistakes;
use super::rules;
use crate::world::snowflake::Snowflake;

pub(super) struct Form<'f> {
    json: &'f Map<String, Value>,
    pub(super) mistakes: Mistakes,
}

impl<'f> Form<'f> {
    pub(super) fn of(json: &'f Value) -> Result<Self, Error> {
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
    pub(super) fn given(&self, key: &str) -> Option<&'f Value> {
        self.json.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str, longest: usize) -> Option<String> {
        let value = self.given(key)?;
        self.check_text(&[key], value, longest)
            .map(ToOwned::to_owned)
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
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

    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        let value = self.given(key)?;
        if value.as_u64().is_none() {
            self.not_coerced(&[key], value, "int");
        }
        value.as_u64()
    }

    pub(super) fn object(&mut self, key: &str) -> Option<&'f Map<String, Value>> {
        let value = self.given(key)?;
        if !value.is_object() {
            self.not_an_object(&[key]);
        }
        value.as_object()
    }

    pub(super) fn objects(&mut self, key: &str, most: usize) -> Option<Vec<Value>> {
        let list = self.list(key, most)?;
        for place in (0..list.len()).filter(|place| !list[*place].is_object()) {
            self.not_an_object(&[key, &place.to_string()]);
        }
        Some(list.clone())
    }

    pub(super) fn list(&mut self, key: &str, most: usize) -> Option<&'f Vec<Value>> {
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

    pub(super) fn required_id(&mut self, key: &str) -> Option<Snowflake> {
        let value = self.given(key);
        if value.is_none() {
            self.required(&[key]);
        }
        self.id_of(key, value?)
    }

    pub(super) fn id_of(&mut self, key: &str, value: &Value) -> Option<Snowflake> {
        let id = rules::id(value);
        if id.is_none() {
            self.not_coerced(&[key], value, "snowflake");
        }
        id
    }

    pub(super) fn check_text<'v>(
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

    pub(super) fn too_long(&mut self, path: &[&str], longest: usize) {
        let message = format!("Must be {longest} or fewer in length.");
        self.mistakes.add(path, "BASE_TYPE_MAX_LENGTH", &message);
    }

    pub(super) fn required(&mut self, path: &[&str]) {
        self.mistakes
            .add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    pub(super) fn not_an_object(&mut self, path: &[&str]) {
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
