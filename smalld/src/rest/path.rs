//! The path of a request: values in it cannot change where the request goes.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::rest::limiter::route::masked;

/// All but what RFC 3986 section 2.3 leaves unreserved, and the `@` of `@me`.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// The path of a request: from [`path!`](crate::path), or from a plain string.
///
/// A plain string is checked when the request is sent: it must start with `/` and must not contain a
/// `.` or `..` segment, an empty segment, a quote or a control character. A mistake is an error of the
/// request, and nothing is sent.
#[derive(Clone, Debug)]
pub struct Path(Result<String, String>);

impl Path {
    /// The path, with the query if the string had one, or what is wrong with it.
    pub(crate) fn checked(self) -> Result<String, String> {
        let text = self.0?;
        let path = text.split('?').next().unwrap_or_default();
        match mistake(path, &text) {
            None => Ok(text),
            Some(mistake) => Err(format!(
                "{:?} {mistake}; nothing was sent. `path!(\"/channels/{{}}\", id)` puts values into a path safely",
                masked(&text)
            )),
        }
    }

    /// The path as far as it is known, for messages.
    pub(crate) fn shown(&self) -> &str {
        self.0
            .as_deref()
            .unwrap_or("(a path that could not be built)")
    }
}

fn mistake(path: &str, text: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("is not a path: it must start with `/`");
    }
    if text.contains(|c: char| c.is_control() || c == '"' || c == '\\') {
        return Some("contains a quote, a backslash or a control character");
    }
    if text.contains(|c: char| c == '#' || c.is_whitespace()) {
        return Some("contains white space or `#`, which have another meaning in a URL");
    }
    path[1..].split('/').find_map(|segment| match segment {
        "" => Some("has an empty segment: was a value missing?"),
        "." | ".." => Some("has a segment of dots, which would change the route"),
        _ => None,
    })
}

impl From<&str> for Path {
    fn from(path: &str) -> Self {
        // Characters such as emoji are encoded; ASCII stays as it was written and is checked when
        // it is sent.
        Self(Ok(utf8_percent_encode(path, &AsciiSet::EMPTY).to_string()))
    }
}

impl From<String> for Path {
    fn from(path: String) -> Self {
        Self::from(path.as_str())
    }
}

impl From<&String> for Path {
    fn from(path: &String) -> Self {
        Self::from(path.as_str())
    }
}

/// A value in a [`path!`](crate::path): anything that serializes as a JSON string, integer
/// or boolean, a JSON value included.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a value in a path",
    label = "not a string, an integer or a boolean",
    note = "a value in `path!` is a string, an integer, a JSON value that is one of these, or a type of yours that serializes as one"
)]
pub trait PathValue {
    /// The text, not yet encoded, or what is wrong with it.
    #[doc(hidden)]
    fn text(&self) -> Result<String, String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> PathValue for T {
    fn text(&self) -> Result<String, String> {
        match serde_json::to_value(self) {
            Ok(Value::String(text)) => Ok(text),
            Ok(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
            Ok(Value::Bool(value)) => Ok(value.to_string()),
            Ok(Value::Null) => Err("is null (is the field absent?)".to_owned()),
            Ok(Value::Number(_)) => Err("is a fraction".to_owned()),
            Ok(Value::Array(_)) => Err("is an array".to_owned()),
            Ok(Value::Object(_)) => Err("is an object".to_owned()),
            Err(error) => Err(format!("cannot be written: {error}")),
        }
    }
}

/// Called by generated code for each value, so that a compile error points at the value.
#[doc(hidden)]
pub fn path_value<T: PathValue + ?Sized>(value: &T) -> Result<String, String> {
    value.text()
}

/// Called by generated code: `values` are put between `literals`, each with the expression that the
/// user wrote for it.
#[doc(hidden)]
#[must_use]
pub fn path(template: &str, literals: &[&str], values: &[(&str, Result<String, String>)]) -> Path {
    let mut path = String::with_capacity(template.len() + 20 * values.len());
    for (nth, literal) in literals.iter().enumerate() {
        path.push_str(literal);
        let Some((name, value)) = values.get(nth) else {
            continue;
        };
        match value.as_ref().map(String::as_str) {
            Ok("") => return refused(template, name, "is empty"),
            Ok("." | "..") => return refused(template, name, "is nothing but dots"),
            Ok(text) => path.extend(utf8_percent_encode(text, IN_SEGMENT)),
            Err(mistake) => return refused(template, name, mistake),
        }
    }
    Path(Ok(path))
}

fn refused(template: &str, name: &str, mistake: &str) -> Path {
    Path(Err(format!(
        "`{name}`, a value of path `{template}`, {mistake}, but must be a string or an integer; nothing was sent"
    )))
}

/// Encodes what a header cannot contain, as Discord expects it in the audit log reason.
pub(crate) fn encoded(text: &str) -> impl fmt::Display + '_ {
    const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');
    utf8_percent_encode(text, IN_HEADER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(value: &impl PathValue) -> Result<String, String> {
        path("/a/{}/b", &["/a/", "/b"], &[("value", path_value(value))]).checked()
    }

    #[test]
    fn values_cannot_change_the_route() {
        for (value, path) in [
            ("1/../2", "/a/1%2F..%2F2/b"),
            ("x?y#z", "/a/x%3Fy%23z/b"),
            ("%2e%2e", "/a/%252e%252e/b"),
            ("a b\n\"\\", "/a/a%20b%0A%22%5C/b"),
            ("👍", "/a/%F0%9F%91%8D/b"),
            ("@me", "/a/@me/b"),
            ("...", "/a/.../b"),
        ] {
            assert_eq!(one(&value).as_deref(), Ok(path), "{value}");
        }
    }

    #[test]
    fn json_goes_in_without_its_quotes() {
        assert_eq!(one(&json!("81")).as_deref(), Ok("/a/81/b"));
        assert_eq!(one(&json!(81)).as_deref(), Ok("/a/81/b"));
        assert_eq!(one(&u64::MAX).as_deref(), Ok("/a/18446744073709551615/b"));
        assert_eq!(one(&true).as_deref(), Ok("/a/true/b"));
    }

    #[test]
    fn a_value_that_cannot_be_a_segment_is_refused_by_name() {
        let hostile = [
            json!(""),
            json!("."),
            json!(".."),
            json!(null),
            json!([1]),
            json!({}),
            json!(1.5),
        ];
        for value in hostile {
            let refused = one(&value).unwrap_err();
            assert!(
                refused.contains("`value`") && refused.contains("/a/{}/b"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_plain_string_is_checked() {
        let sound = ["/users/@me", "/channels/1/messages?limit=5", "/a/%2F"];
        for path in sound {
            assert_eq!(Path::from(path).checked().as_deref(), Ok(path));
        }
        for path in [
            "",
            "users",
            "//x",
            "/a//b",
            "/a/",
            "/a/../b",
            "/./a",
            "/a/\"1\"/b",
            "/a/\n",
            "/a b",
            "/a#b",
            "/a\\..\\b",
        ] {
            assert!(Path::from(path).checked().is_err(), "{path:?}");
        }
    }

    #[test]
    fn emoji_in_a_plain_string_are_encoded() {
        assert_eq!(
            Path::from("/a/👍").checked().as_deref(),
            Ok("/a/%F0%9F%91%8D")
        );
    }
}
