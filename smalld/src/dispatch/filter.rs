//! Holds the value at a JSON pointer (RFC 6901) against an expected one by a scan that skips
//! everything else: nothing is parsed into a tree, and nothing is allocated, unless the very string
//! that is compared holds an escape and has to be decoded.

use crate::dispatch::trigger::{Field, Scalar};
use crate::event::scan;

/// Whether all fields hold their values in this JSON text.
pub(crate) fn matches(fields: &[Field], json: &str) -> bool {
    fields.iter().all(|field| {
        let found = find(json, field.tokens);
        found.map_or(field.is == Scalar::Null, |value| is(value, field.is))
    })
}

/// The raw value to which the tokens lead.
pub(crate) fn find<'t>(json: &'t str, tokens: &[&str]) -> Option<&'t str> {
    tokens.iter().try_fold(json, |json, token| {
        match json.trim_start().as_bytes().first()? {
            // The last of duplicate keys counts, so all of them are looked at.
            b'{' => {
                let members = scan::members(json).map_while(Result::ok);
                members
                    .filter(|(key, _)| scan::reads(key, token))
                    .last()
                    .map(|(_, value)| value)
            }
            b'[' => {
                let mut elements = scan::elements(json).map_while(Result::ok);
                elements.nth(array_index(token)?).map(|(_, value)| value)
            }
            _ => None,
        }
    })
}

fn is(value: &str, expected: Scalar) -> bool {
    match expected {
        Scalar::Null => value == "null",
        Scalar::Bool(expected) => value == if expected { "true" } else { "false" },
        Scalar::Integer(expected) => scan::integer(value) == Some(expected),
        Scalar::String(expected) => {
            scan::string(value).is_some_and(|raw| scan::reads(raw, expected))
        }
    }
}

/// RFC 6901 section 4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = canonical && token.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| token.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"type":2,"data":{"name":"gr\u0065et","options":[{"id":"7"},{"ok":true}]},
        "a/b":{"m~n":-1},"gone":null,"twice":1,"twice":2,"float":2.0,"":"empty"}"#;

    fn at(tokens: &'static [&'static str], is: Scalar) -> bool {
        matches(
            &[Field {
                pointer: "",
                tokens,
                is,
            }],
            JSON,
        )
    }

    #[test]
    fn values_are_found_wherever_they_lie() {
        assert!(at(&["type"], Scalar::Integer(2)));
        assert!(at(&["data", "name"], Scalar::String("greet")));
        assert!(at(&["data", "options", "0", "id"], Scalar::String("7")));
        assert!(at(&["data", "options", "1", "ok"], Scalar::Bool(true)));
        assert!(at(&["a/b", "m~n"], Scalar::Integer(-1)));
        assert!(at(&[""], Scalar::String("empty")));
    }

    #[test]
    fn other_values_and_other_types_do_not_match() {
        assert!(!at(&["type"], Scalar::Integer(3)));
        assert!(!at(&["type"], Scalar::String("2")));
        assert!(!at(&["float"], Scalar::Integer(2)));
        assert!(!at(&["data"], Scalar::Null));
        assert!(!at(&["data", "options"], Scalar::Null));
        assert!(!at(&["data", "options", "00", "id"], Scalar::String("7")));
        assert!(!at(&["data", "name", "deeper"], Scalar::String("greet")));
    }

    #[test]
    fn null_matches_what_is_absent_too() {
        assert!(at(&["gone"], Scalar::Null));
        assert!(at(&["never", "there"], Scalar::Null));
        assert!(at(&["data", "options", "9"], Scalar::Null));
        assert!(at(&["type", "deeper"], Scalar::Null));
        assert!(!at(&["type"], Scalar::Null));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        assert!(at(&["twice"], Scalar::Integer(2)));
        assert!(!at(&["twice"], Scalar::Integer(1)));
    }
}
