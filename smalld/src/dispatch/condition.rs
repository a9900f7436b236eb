//! What a filter asks of a value in the JSON.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// What a value in the JSON must be, for [`On::with`](crate::handler::On::with).
///
/// A string, an integer or a `bool` must be equal: strings are compared decoded, integers exactly.
/// [`Json::Null`](crate::Json) matches `null` and an absent value. Any JSON value can be converted,
/// but an object, an array or a number with a fraction is an error at startup.
///
/// ```
/// use smalld::handler::Condition;
/// use smalld::{Json, json};
///
/// let guild = json!({ "id": "81384788765712384" });
/// let conditions: [Condition; 4] = ["greet".into(), 2.into(), Json::Null.into(), (&guild["id"]).into()];
/// # let _ = conditions;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(pub(crate) Result<Scalar, String>);

/// A JSON value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `null`, or an absent value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, compared exactly.
    Integer(i128),
    /// A string, compared decoded.
    String(Cow<'static, str>),
}

/// As written in an attribute.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::String(value) => write!(f, "{value:?}"),
        }
    }
}

impl From<&str> for Condition {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

impl From<String> for Condition {
    fn from(value: String) -> Self {
        Self(Ok(Scalar::String(value.into())))
    }
}

impl From<bool> for Condition {
    fn from(value: bool) -> Self {
        Self(Ok(Scalar::Bool(value)))
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Condition {
            fn from(value: $integer) -> Self {
                Self(Ok(Scalar::Integer(value.into())))
            }
        })*
    };
}

from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl From<&Value> for Condition {
    fn from(value: &Value) -> Self {
        Self(match value {
            Value::Null => Ok(Scalar::Null),
            Value::Bool(value) => Ok(Scalar::Bool(*value)),
            Value::String(value) => Ok(Scalar::String(value.clone().into())),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Ok(Scalar::Integer(value.into())),
                (None, Some(value)) => Ok(Scalar::Integer(value.into())),
                (None, None) => Err(unfit(value)),
            },
            Value::Array(_) | Value::Object(_) => Err(unfit(value)),
        })
    }
}

impl From<Value> for Condition {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

fn unfit(value: &Value) -> String {
    format!("`{value}` is not a string, an integer, `true`, `false` or `null`")
}
