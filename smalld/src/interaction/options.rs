//! Options of a command, by name, as any type that deserializes.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::Value;

use crate::error::{BoxError, Error};
use crate::interaction::entered::{Entered, Entries, deserialize};
use crate::interaction::resolved::{Choice, Resolved};

/// Options of these types hold other options.
const SUB_COMMAND: u8 = 1;
const SUB_COMMAND_GROUP: u8 = 2;

/// An option as the user filled it in.
///
/// See [Discord Docs/Application Command Interaction Data Option](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-interaction-data-option-structure).
#[derive(Debug, Deserialize)]
struct Given {
    name: String,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    options: Vec<Given>,
    #[serde(default)]
    focused: bool,
}

/// The part of an interaction that holds the options.
#[derive(Deserialize)]
struct Interaction {
    data: Command,
}

#[derive(Deserialize)]
struct Command {
    #[serde(default)]
    options: Vec<Given>,
    #[serde(default)]
    resolved: Resolved,
}

/// Reads the options of the interaction `d`.
pub(crate) fn read<T: DeserializeOwned>(d: &str) -> Result<T, BoxError> {
    let Interaction { data } = command(d)?;
    let options = Level {
        options: &data.options,
        resolved: &data.resolved,
    };
    deserialize(options, "option")
}

/// Name and text of the option that the user is typing, in an autocomplete.
pub(crate) fn focused(d: &str) -> Result<Option<(String, String)>, BoxError> {
    let Interaction { data } = command(d)?;
    let given = innermost(data.options);
    let focused = given.into_iter().find(|option| option.focused);
    Ok(focused.map(|option| {
        let text = match option.value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        (option.name, text)
    }))
}

fn command(d: &str) -> Result<Interaction, BoxError> {
    serde_json::from_str(d).map_err(|error| {
        let message = format!("the event is not an interaction with options: {error}");
        Error::json(message, error).into()
    })
}

/// The options of the subcommand that the user chose, or of the command if it has none.
fn innermost(options: Vec<Given>) -> Vec<Given> {
    match <[Given; 1]>::try_from(options) {
        Ok([only]) if only.holds_options() => innermost(only.options),
        Ok([only]) => vec![only],
        Err(options) => options,
    }
}

impl Given {
    fn holds_options(&self) -> bool {
        matches!(self.kind, SUB_COMMAND | SUB_COMMAND_GROUP)
    }

    /// What its value names, if that is an id.
    fn choice(&self) -> Option<Choice> {
        Some(match self.kind {
            6 => Choice::User,
            7 => Choice::Channel,
            8 => Choice::Role,
            9 => Choice::Mentionable,
            11 => Choice::Attachment,
            _ => return None,
        })
    }
}

/// The options of a command, of a group or of a subcommand.
#[derive(Clone, Copy)]
struct Level<'a> {
    options: &'a [Given],
    resolved: &'a Resolved,
}

impl<'a> Level<'a> {
    fn subcommand(self) -> Option<(&'a Given, Self)> {
        let [only] = self.options else { return None };
        only.holds_options().then_some((
            only,
            Self {
                options: &only.options,
                ..self
            },
        ))
    }

    fn innermost(self) -> Self {
        match self.subcommand() {
            Some((_, inner)) => inner.innermost(),
            None => self,
        }
    }
}

/// An enum is the subcommand that the user chose. All else takes the options of the innermost one.
impl<'de> Deserializer<'de> for Level<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let Self { options, resolved } = self.innermost();
        let entries = options.iter().map(|option| {
            let entered = Entered {
                value: &option.value,
                choice: option.choice(),
                resolved,
            };
            (&*option.name, entered)
        });
        visitor.visit_map(Entries::new(entries))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.subcommand() {
            Some((chosen, options)) => visitor.visit_enum(Subcommand { chosen, options }),
            None => Err(Self::Error::custom(
                "an enum is read from a subcommand, and this command has none: use a struct",
            )),
        }
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

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A subcommand or a group as a variant: its name, then its options.
struct Subcommand<'a> {
    chosen: &'a Given,
    options: Level<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Subcommand<'a> {
    type Error = serde_json::Error;
    type Variant = Level<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Self::Error> {
        let name: StrDeserializer<'_, Self::Error> = self.chosen.name.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, self.options))
    }
}

impl<'de> VariantAccess<'de> for Level<'_> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Self::Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests;
