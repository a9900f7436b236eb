//! Holds the value at a JSON pointer (RFC 6901) against an expected one by a scan that skips
//! everything else: nothing is parsed into a tree, nothing is allocated for it.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::dispatch::registration::{Field, Scalar};

/// Whether all fields hold their values in this JSON text.
pub(crate) fn matches(fields: &[Field], json: &str) -> bool {
    fields.iter().all(|field| holds(field, json))
}

fn holds(field: &Field, json: &str) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let seed = At {
        tokens: field.tokens,
        is: field.is,
    };
    seed.deserialize(&mut deserializer).unwrap_or(false)
}

/// Answers whether `is` stands where the tokens lead to.
#[derive(Clone, Copy)]
struct At<'t> {
    tokens: &'t [&'t str],
    is: Scalar,
}

impl At<'_> {
    /// Of a value that has no parts: the pointer must end here.
    fn scalar(self, is: impl FnOnce(Scalar) -> bool) -> bool {
        if self.tokens.is_empty() {
            is(self.is)
        } else {
            self.absent()
        }
    }

    /// What is absent counts as null.
    fn absent(self) -> bool {
        self.is == Scalar::Null
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(self.scalar(|is| is == Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        Ok(self.scalar(|is| is == Scalar::Bool(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        Ok(self.scalar(|is| is == Scalar::Integer(value.into())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        Ok(self.scalar(|is| is == Scalar::Integer(value.into())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(self.scalar(|_| false))
    }

    fn visit_str<E>(self, value: &str) -> Result<bool, E> {
        Ok(self.scalar(|is| matches!(is, Scalar::String(expected) if expected == value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let index = self.tokens.first().and_then(|token| array_index(token));
        let mut position = 0;
        let mut found = !self.tokens.is_empty() && self.absent();
        loop {
            if index == Some(position) {
                let at = At {
                    tokens: &self.tokens[1..],
                    is: self.is,
                };
                let Some(holds) = seq.next_element_seed(at)? else {
                    return Ok(found);
                };
                found = holds;
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            position += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = !self.tokens.is_empty() && self.absent();
        let wanted = self.tokens.first().copied();
        while let Some(is_wanted) = map.next_key_seed(Key(wanted))? {
            if is_wanted {
                // The last of duplicate keys counts, so the scan goes on.
                found = map.next_value_seed(At {
                    tokens: &self.tokens[1..],
                    is: self.is,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Compares a key without keeping it.
struct Key<'t>(Option<&'t str>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        Ok(self.0 == Some(key))
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
