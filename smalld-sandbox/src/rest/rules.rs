//! Rules for the fields of a JSON object, as tables, and the check that reports Discord's codes.

use serde_json::{Map, Value};

use super::image;
use super::mistakes::Mistakes;
use crate::world::snowflake::Snowflake;
use crate::world::timestamp;

/// What a field must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Is {
    /// A string with this many characters, from and to.
    Text(usize, usize),
    /// An integer, from and to.
    Integer(i64, i64),
    /// Any number.
    Number,
    /// One of these integers.
    OneOf(&'static [i64]),
    Boolean,
    Id,
    /// Permissions: an integer, as text or as a number.
    Bits,
    /// An image as a data URI, with at most this many KiB.
    Image(usize),
    /// A time in the format of ISO 8601.
    Time,
    /// A list of ids, with at most this many.
    Ids(usize),
    /// A list with at most this many elements.
    List(usize),
    Object,
}

/// One field, and whether it must be there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    key: &'static str,
    is: Is,
    is_required: bool,
}

/// A field that may be absent or null.
pub(crate) const fn optional(key: &'static str, is: Is) -> Rule {
    Rule {
        key,
        is,
        is_required: false,
    }
}

/// A field that must be there.
pub(crate) const fn required(key: &'static str, is: Is) -> Rule {
    Rule {
        key,
        is,
        is_required: true,
    }
}

/// Checks an object at this path. Fields without a rule are ignored, as Discord ignores them.
pub(crate) fn check(
    rules: &[Rule],
    object: &Map<String, Value>,
    path: &[&str],
    mistakes: &mut Mistakes,
) {
    for rule in rules {
        let path = [path, &[rule.key]].concat();
        match object.get(rule.key).filter(|value| !value.is_null()) {
            Some(value) => check_value(rule.is, value, &path, mistakes),
            None if rule.is_required => {
                mistakes.add(&path, "BASE_TYPE_REQUIRED", "This field is required");
            }
            None => {}
        }
    }
}

/// Checks every object in the list of this name.
pub(crate) fn check_each(
    key: &str,
    rules: &[Rule],
    fields: &Map<String, Value>,
    mistakes: &mut Mistakes,
) {
    let list = fields.get(key).and_then(Value::as_array);
    for (place, element) in list.into_iter().flatten().enumerate() {
        let place = place.to_string();
        let path = [key, &place];
        if let Some(object) = object(element, &path, mistakes) {
            check(rules, object, &path, mistakes);
        }
    }
}

/// The fields that have a rule.
pub(crate) fn known(rules: &[Rule], object: &Map<String, Value>) -> Map<String, Value> {
    let is_known = |key: &str| rules.iter().any(|rule| rule.key == key);
    let fields = object.iter().filter(|(key, _)| is_known(key));
    fields
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The object at this path, or a mistake.
pub(crate) fn object<'v>(
    value: &'v Value,
    path: &[&str],
    mistakes: &mut Mistakes,
) -> Option<&'v Map<String, Value>> {
    if !value.is_object() {
        let message = "Only dictionaries may be used in a DictType";
        mistakes.add(path, "DICT_TYPE_CONVERT", message);
    }
    value.as_object()
}

fn check_value(is: Is, value: &Value, path: &[&str], mistakes: &mut Mistakes) {
    let mut add = |code: &str, message: &str| mistakes.add(path, code, message);
    match is {
        Is::Text(min, max) => match value.as_str().map(|text| text.chars().count()) {
            None => add(
                "STRING_TYPE_CONVERT",
                &format!("Could not interpret \"{value}\" as string."),
            ),
            Some(length) if length < min || length > max => {
                let message = format!("Must be between {min} and {max} in length.");
                add("BASE_TYPE_BAD_LENGTH", &message);
            }
            Some(_) => {}
        },
        Is::Integer(min, max) => match value.as_i64() {
            None => add("NUMBER_TYPE_COERCE", &format!("Value {value} is not int.")),
            Some(number) if number > max => add(
                "NUMBER_TYPE_MAX",
                &format!("int value should be less than or equal to {max}."),
            ),
            Some(number) if number < min => add(
                "NUMBER_TYPE_MIN",
                &format!("int value should be greater than or equal to {min}."),
            ),
            Some(_) => {}
        },
        Is::Number if !value.is_number() => {
            add(
                "NUMBER_TYPE_COERCE",
                &format!("Value {value} is not float."),
            );
        }
        Is::OneOf(choices) if !value.as_i64().is_some_and(|n| choices.contains(&n)) => {
            let choices: Vec<_> = choices.iter().map(ToString::to_string).collect();
            let message = format!("Value must be one of {{{}}}.", choices.join(", "));
            add("BASE_TYPE_CHOICES", &message);
        }
        Is::Boolean if !value.is_boolean() => {
            add("BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
        }
        Is::Id if id(value).is_none() => {
            add(
                "NUMBER_TYPE_COERCE",
                &format!("Value {value} is not snowflake."),
            );
        }
        Is::Bits if bits(value).is_none() => {
            add("NUMBER_TYPE_COERCE", &format!("Value {value} is not int."));
        }
        Is::Image(max) => match value.as_str().and_then(image::parse) {
            None => add("IMAGE_INVALID", "Invalid image data"),
            Some(image) if image.bytes > max * 1024 => {
                let message = format!("File cannot be larger than {max}.0 kb.");
                add("BINARY_TYPE_MAX_SIZE", &message);
            }
            Some(_) => {}
        },
        Is::Time if value.as_str().and_then(timestamp::parse_iso8601).is_none() => {
            let message = format!("Could not parse {value}. Should be ISO8601.");
            add("DATE_TIME_TYPE_PARSE", &message);
        }
        Is::Ids(max) => match value.as_array() {
            Some(list) if list.iter().any(|element| id(element).is_none()) => {
                add("NUMBER_TYPE_COERCE", "Value is not snowflake.");
            }
            _ => check_value(Is::List(max), value, path, mistakes),
        },
        Is::List(max) => match value.as_array() {
            None => add(
                "LIST_TYPE_CONVERT",
                "Only iterables may be used in a ListType",
            ),
            Some(list) if list.len() > max => add(
                "BASE_TYPE_MAX_LENGTH",
                &format!("Must be {max} or fewer in length."),
            ),
            Some(_) => {}
        },
        Is::Object if !value.is_object() => {
            add(
                "DICT_TYPE_CONVERT",
                "Only dictionaries may be used in a DictType",
            );
        }
        _ => {}
    }
}

/// Permissions are strings of digits, but integers are accepted.
pub(crate) fn bits(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// Ids are strings, but integers are accepted.
pub(crate) fn id(value: &Value) -> Option<Snowflake> {
    match value {
        Value::String(text) => Snowflake::parse(text),
        Value::Number(number) => Snowflake::parse(&number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The code for one field.
    fn code(rule: Rule, value: Value) -> Option<String> {
        let object = Map::from_iter([(rule.key.to_owned(), value)]);
        let mut mistakes = Mistakes::default();
        check(&[rule], &object, &["a"], &mut mistakes);
        let body = mistakes.check().err()?.body();
        let code = &body["errors"]["a"][rule.key]["_errors"][0]["code"];
        Some(code.as_str().expect("a code").to_owned())
    }

    #[test]
    fn every_mistake_has_its_code() {
        for (is, value, expected) in [
            (Is::Text(1, 2), json!("abc"), "BASE_TYPE_BAD_LENGTH"),
            (Is::Text(1, 2), json!(1), "STRING_TYPE_CONVERT"),
            (Is::Integer(0, 5), json!(6), "NUMBER_TYPE_MAX"),
            (Is::Integer(0, 5), json!(-1), "NUMBER_TYPE_MIN"),
            (Is::Integer(0, 5), json!("x"), "NUMBER_TYPE_COERCE"),
            (Is::Number, json!("x"), "NUMBER_TYPE_COERCE"),
            (Is::OneOf(&[1, 2]), json!(9), "BASE_TYPE_CHOICES"),
            (Is::Boolean, json!(1), "BOOLEAN_TYPE_CONVERT"),
            (Is::Id, json!("x"), "NUMBER_TYPE_COERCE"),
            (Is::Bits, json!("x"), "NUMBER_TYPE_COERCE"),
            (Is::Image(1), json!("x"), "IMAGE_INVALID"),
            (Is::Time, json!("yesterday"), "DATE_TIME_TYPE_PARSE"),
            (Is::Ids(1), json!(["x"]), "NUMBER_TYPE_COERCE"),
            (Is::Ids(1), json!(["1", "2"]), "BASE_TYPE_MAX_LENGTH"),
            (Is::List(1), json!([1, 2]), "BASE_TYPE_MAX_LENGTH"),
            (Is::List(1), json!({}), "LIST_TYPE_CONVERT"),
            (Is::Object, json!([]), "DICT_TYPE_CONVERT"),
        ] {
            assert_eq!(
                code(optional("k", is), value).as_deref(),
                Some(expected),
                "{is:?}"
            );
        }
        let absent = code(required("k", Is::Boolean), Value::Null);
        assert_eq!(absent.as_deref(), Some("BASE_TYPE_REQUIRED"));
        assert_eq!(code(optional("k", Is::Boolean), Value::Null), None);
    }
}
