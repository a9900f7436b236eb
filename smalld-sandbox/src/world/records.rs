//! Lists of JSON objects by id, such as the emojis of a guild.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::world::snowflake::Snowflake;

/// Objects by their id, oldest first. Whoever adds one checks the maximum.
#[derive(Debug)]
pub(crate) struct Records {
    all: BTreeMap<Snowflake, Value>,
    /// The field that has the id.
    key: &'static str,
}

impl Default for Records {
    fn default() -> Self {
        Self::with_key("id")
    }
}

impl Records {
    pub(crate) fn with_key(key: &'static str) -> Self {
        Self {
            all: BTreeMap::new(),
            key,
        }
    }

    /// Removes the oldest objects, if there are more.
    pub(crate) fn keep_newest(&mut self, max: usize) {
        while self.all.len() > max {
            self.all.pop_first();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.all.values()
    }

    /// The objects as a list.
    pub(crate) fn json(&self) -> Value {
        self.iter().cloned().collect()
    }

    pub(crate) fn get(&self, id: Snowflake) -> Option<&Value> {
        self.all.get(&id)
    }

    /// Adds an object, which gets this id, and returns it.
    pub(crate) fn insert(&mut self, id: Snowflake, mut json: Value) -> Value {
        json[self.key] = json!(id);
        self.all.insert(id, json.clone());
        json
    }

    /// Replaces fields of an object. Returns it as it was, and as it is.
    pub(crate) fn edit(
        &mut self,
        id: Snowflake,
        fields: Map<String, Value>,
    ) -> Option<(Value, Value)> {
        let json = self.all.get_mut(&id)?;
        let before = json.clone();
        if let Some(json) = json.as_object_mut() {
            json.extend(fields);
        }
        Some((before, json.clone()))
    }

    pub(crate) fn remove(&mut self, id: Snowflake) -> Option<Value> {
        self.all.remove(&id)
    }
}
