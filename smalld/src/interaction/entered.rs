//! What a user entered under a name: an option's value, a text, or a list of choices.

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Error, Value};

use crate::error::BoxError;
use crate::interaction::resolved::{Choice, Chosen, Resolved};

/// Reads all that a user entered. An error names the `kind` of value, `option` or `field`, and its name.
pub(crate) fn deserialize<'de, T: Deserialize<'de>>(
    entered: impl Deserializer<'de, Error = Error>,
    kind: &str,
) -> Result<T, BoxError> {
    let read = serde_path_to_error::deserialize(entered);
    Ok(read.map_err(|error| {
        let path = error.path().to_string();
        let place = match &*path {
            "." => format!("the {kind}s"),
            path => format!("{kind} `{path}`"),
        };
        let message = format!("{place}: {}", error.inner());
        crate::error::Error::json(message, error.into_inner())
    })?)
}

/// A value that a user entered.
#[derive(Clone, Copy)]
pub(crate) struct Entered<'a> {
    pub(crate) value: &'a Value,
    /// What its ids name, if it holds ids.
    pub(crate) choice: Option<Choice>,
    pub(crate) resolved: &'a Resolved,
}

impl Entered<'_> {
    fn read<'de, S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        let Self {
            value,
            choice: Some(choice),
            resolved,
        } = self
        else {
            return seed.deserialize(self.value.clone());
        };
        match value {
            Value::String(id) => seed.deserialize(Chosen {
                id,
                choice,
                resolved,
            }),
            Value::Array(ids) => seed.deserialize(Several {
                ids,
                choice,
                resolved,
            }),
            value => seed.deserialize(value.clone()),
        }
    }
}

/// Values by name, as a map.
pub(crate) struct Entries<'a, I> {
    entries: I,
    next: Option<Entered<'a>>,
}

impl<I> Entries<'_, I> {
    pub(crate) fn new(entries: I) -> Self {
        Self {
            entries,
            next: None,
        }
    }
}

impl<'de, 'a, I: Iterator<Item = (&'a str, Entered<'a>)>> MapAccess<'de> for Entries<'a, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, entered)) = self.entries.next() else {
            return Ok(None);
        };
        self.next = Some(entered);
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.next.take() {
            Some(entered) => entered.read(seed),
            None => Err(Error::custom("a value was asked for before its name")),
        }
    }
}

/// The choices of a select menu, or the files of an upload: always a list.
struct Several<'a> {
    ids: &'a [Value],
    choice: Choice,
    resolved: &'a Resolved,
}

impl<'de> Deserializer<'de> for Several<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let chosen = self.ids.iter().filter_map(Value::as_str).map(|id| Chosen {
            id,
            choice: self.choice,
            resolved: self.resolved,
        });
        visitor.visit_seq(SeqDeserializer::new(chosen))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
