//! What a user chose by id: a user, role, channel or attachment. It deserializes as the id, or as the
//! object that Discord sent along in `resolved`.

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

type Objects = Map<String, Value>;

/// The objects behind the ids of an interaction.
///
/// See [Discord Docs/Resolved Data](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resolved {
    users: Objects,
    members: Objects,
    roles: Objects,
    channels: Objects,
    attachments: Objects,
}

/// What an id can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    User,
    Role,
    Mentionable,
    Channel,
    Attachment,
}

impl Resolved {
    /// The object of an id. A user's has its member, if any, in `member`, as in a message's mentions.
    fn object(&self, choice: Choice, id: &str) -> Option<Value> {
        let object = match choice {
            Choice::User => return self.user(id),
            Choice::Mentionable => return self.user(id).or_else(|| self.roles.get(id).cloned()),
            Choice::Role => &self.roles,
            Choice::Channel => &self.channels,
            Choice::Attachment => &self.attachments,
        };
        object.get(id).cloned()
    }

    fn user(&self, id: &str) -> Option<Value> {
        let mut user = self.users.get(id)?.clone();
        if let (Some(member), Some(user)) = (self.members.get(id), user.as_object_mut()) {
            user.insert("member".to_owned(), member.clone());
        }
        Some(user)
    }
}

/// One id that a user chose.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) id: &'a str,
    pub(crate) choice: Choice,
    pub(crate) resolved: &'a Resolved,
}

impl IntoDeserializer<'_, serde_json::Error> for Chosen<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// As the id for strings, integers and newtypes, which are how types of ids are declared; as the
/// object for all else. An autocomplete has no objects, so there everything is the id.
impl<'de> Deserializer<'de> for Chosen<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.resolved.object(self.choice, self.id) {
            Some(object) => object.deserialize_any(visitor),
            None => visitor.visit_str(self.id),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(Id(self.id))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.id)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.id)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        Id(self.id).deserialize_u64(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        Id(self.id).deserialize_u64(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        Id(self.id).deserialize_u64(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// An id, which is a string, or an integer if one is asked for.
struct Id<'a>(&'a str);

impl<'de> Deserializer<'de> for Id<'_> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let text: StrDeserializer<'_, Self::Error> = self.0.into_deserializer();
        text.deserialize_any(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.parse() {
            Ok(id) => visitor.visit_u64(id),
            Err(_) => Err(Self::Error::custom(format_args!(
                "`{}` is not an id",
                self.0
            ))),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_u64(visitor)
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
        bool i8 i16 i32 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
