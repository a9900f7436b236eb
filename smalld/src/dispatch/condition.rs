//! What a filter asks of a value in the JSON.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// What a value in the JSON must be, for [`On::with`](crate::handler::On::with), or must not be, for
/// [`On::without`](crate::handler::On::without).
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
pub struct Condition(pub(crate) Result<Vec<Alternative>, String>);

impl Condition {
    /// All strings that start with this one.
    ///
    /// ```
    /// use smalld::handler::{Condition, On};
    ///
    /// let on = On::event("INTERACTION_CREATE")
    ///     .with("/data/custom_id", Condition::starts_with("vote:"));
    /// # let _ = on;
    /// ```
    pub fn starts_with(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Ok(vec![Alternative::StartsWith(text.into())]))
    }

    /// Any one of several values. A handler for which there is none is an error at startup.
    ///
    /// ```
    /// use smalld::handler::{Condition, On};
    ///
    /// let on = On::event("INTERACTION_CREATE").with("/type", Condition::one_of([2, 4]));
    /// # let _ = on;
    /// ```
    pub fn one_of(conditions: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        let alternatives = conditions.into_iter().map(|condition| condition.into().0);
        let alternatives: Result<Vec<_>, _> = alternatives.collect();
        Self(match alternatives.map(|all| all.concat()) {
            Ok(none) if none.is_empty() => Err("`one_of` needs at least one value".to_owned()),
            alternatives => alternatives,
        })
    }

    fn is(value: Scalar) -> Self {
        Self(Ok(vec![Alternative::Is(value)]))
    }
}

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

/// Values that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// This one.
    Is(Scalar),
    /// All strings that start with this one.
    StartsWith(Cow<'static, str>),
}

/// As written in an attribute.
impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => value.fmt(f),
            Self::StartsWith(text) => write!(f, "{text:?}.."),
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
        Self::is(Scalar::String(value.into()))
    }
}

impl From<bool> for Condition {
    fn from(value: bool) -> Self {
        Self::is(Scalar::Bool(value))
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Condition {
            fn from(value: $integer) -> Self {
                Self::is(Scalar::Integer(value.into()))
            }
        })*
    };
}

from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

impl From<&Value> for Condition {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::is(Scalar::Null),
            Value::Bool(value) => (*value).into(),
            Value::String(value) => value.clone().into(),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => value.into(),
                (None, Some(value)) => value.into(),
                (None, None) => unfit(value),
            },
            Value::Array(_) | Value::Object(_) => unfit(value),
        }
    }
}

impl From<Value> for Condition {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

fn unfit(value: &Value) -> Condition {
    Condition(Err(format!(
        "`{value}` is not a string, an integer, `true`, `false` or `null`"
    )))
}
