//! Fields of a modal, by `custom_id`, as any type that deserializes.

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;

use crate::error::{BoxError, Error};
use crate::interaction::entered::{Entered, Entries, deserialize};
use crate::interaction::resolved::{Choice, Resolved};

/// A component of a modal: a label or an action row with a field inside, or the field itself.
///
/// See [Discord Docs/Modal Submit Data](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure).
#[derive(Debug, Deserialize)]
struct Component {
    #[serde(rename = "type")]
    kind: u8,
    custom_id: Option<String>,
    /// A text, a radio group's choice (null if there is none), or whether a box is checked.
    value: Option<Value>,
    /// The choices of a select menu or a group of boxes, or the files of an upload.
    values: Option<Value>,
    /// Of a label.
    #[serde(rename = "component")]
    labelled: Option<Box<Component>>,
    /// Of an action row.
    #[serde(default)]
    components: Vec<Component>,
}

/// The part of an interaction that holds the fields.
#[derive(Deserialize)]
struct Interaction {
    data: Modal,
}

#[derive(Deserialize)]
struct Modal {
    components: Vec<Component>,
    #[serde(default)]
    resolved: Resolved,
}

/// Reads the fields of the interaction `d`.
pub(crate) fn read<T: DeserializeOwned>(d: &str) -> Result<T, BoxError> {
    let Interaction { data } = serde_json::from_str(d).map_err(|error| {
        let message = format!("the event is not the submission of a modal: {error}");
        Error::json(message, error)
    })?;
    let mut fields = Vec::new();
    collect(&data.components, &mut fields);
    let fields = Named {
        fields: &fields,
        resolved: &data.resolved,
    };
    deserialize(fields, "field")
}

/// The fields among the components, which Discord nests twice at most.
fn collect<'a>(
    components: impl IntoIterator<Item = &'a Component>,
    fields: &mut Vec<&'a Component>,
) {
    for component in components {
        if component.custom_id.is_some() {
            fields.push(component);
        }
        collect(component.labelled.as_deref(), fields);
        collect(&component.components, fields);
    }
}

impl Component {
    /// What its values name, if these are ids.
    fn choice(&self) -> Option<Choice> {
        Some(match self.kind {
            5 => Choice::User,
            6 => Choice::Role,
            7 => Choice::Mentionable,
            8 => Choice::Channel,
            19 => Choice::Attachment,
            _ => return None,
        })
    }

    fn entered(&self) -> &Value {
        self.value
            .as_ref()
            .or(self.values.as_ref())
            .unwrap_or(&Value::Null)
    }
}

struct Named<'a> {
    fields: &'a [&'a Component],
    resolved: &'a Resolved,
}

impl<'de> Deserializer<'de> for Named<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let Self { fields, resolved } = self;
        let entries = fields.iter().filter_map(|field| {
            let entered = Entered {
                value: field.entered(),
                choice: field.choice(),
                resolved,
            };
            Some((field.custom_id.as_deref()?, entered))
        });
        visitor.visit_map(Entries::new(entries))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
