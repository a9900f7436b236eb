//! Comparison of the value at a JSON pointer (RFC 6901) with an expected one, by a scan that skips
//! everything else. Nothing is parsed into a tree, and nothing is allocated, unless the compared string
//! holds an escape and has to be decoded.

use crate::dispatch::condition::Scalar;
use crate::dispatch::trigger::Field;
use crate::event::scan;

/// A condition on a value, with its pointer split into tokens.
pub(crate) struct Matcher {
    tokens: Vec<Box<str>>,
    is: Scalar,
}

impl Matcher {
    /// Splits the pointer once, at startup.
    ///
    /// # Errors
    ///
    /// The field's pointer is not a JSON pointer.
    pub(crate) fn new(field: &Field) -> Result<Self, String> {
        Ok(Self {
            tokens: tokens(&field.pointer)?,
            is: field.is.clone(),
        })
    }

    /// Whether the value is there in this JSON text.
    pub(crate) fn matches(&self, json: &str) -> bool {
        find(json, &self.tokens).map_or(self.is == Scalar::Null, |value| is(value, &self.is))
    }
}

/// The tokens of a JSON pointer, unescaped.
///
/// # Errors
///
/// The text is not a JSON pointer. The message says what to write.
pub(crate) fn tokens(pointer: &str) -> Result<Vec<Box<str>>, String> {
    let Some(path) = pointer.strip_prefix('/') else {
        let meant = pointer.trim_start_matches("$.").replace('.', "/");
        return Err(format!("a JSON pointer begins with `/`: write `/{meant}`"));
    };
    let tokens: Option<_> = path.split('/').map(unescaped).collect();
    tokens.ok_or_else(|| "`~` is written `~0` in a JSON pointer, and `/` is `~1`".to_owned())
}

fn unescaped(token: &str) -> Option<Box<str>> {
    let mut parts = token.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', part.strip_prefix('1')?),
        };
        text.push(escaped);
        text.push_str(rest);
    }
    Some(text.into())
}

/// The raw value at the end of the tokens.
pub(crate) fn find<'t>(json: &'t str, tokens: &[impl AsRef<str>]) -> Option<&'t str> {
    tokens.iter().try_fold(json, |json, token| {
        let token = token.as_ref();
        match json.trim_start().as_bytes().first()? {
            // The last of duplicate keys counts, so all of them are compared.
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

fn is(value: &str, expected: &Scalar) -> bool {
    match expected {
        Scalar::Null => value == "null",
        Scalar::Bool(expected) => value == if *expected { "true" } else { "false" },
        Scalar::Integer(expected) => scan::integer(value) == Some(*expected),
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

    fn at(pointer: &'static str, is: Scalar) -> bool {
        let pointer = pointer.into();
        Matcher::new(&Field { pointer, is }).unwrap().matches(JSON)
    }

    #[test]
    fn pointers_are_unescaped_once() {
        let tokens = |pointer| tokens(pointer).unwrap();
        assert_eq!(
            *tokens("/data/options/0"),
            ["data", "options", "0"].map(Box::from)
        );
        assert_eq!(*tokens("/a~1b/~0~01"), ["a/b", "~~1"].map(Box::from));
        assert_eq!(*tokens("/"), [Box::from("")]);
        assert_eq!(*tokens("//a"), ["", "a"].map(Box::from));
    }

    #[test]
    fn values_are_found_at_any_depth() {
        assert!(at("/type", Scalar::Integer(2)));
        assert!(at("/data/name", Scalar::String("greet".into())));
        assert!(at("/data/options/0/id", Scalar::String("7".into())));
        assert!(at("/data/options/1/ok", Scalar::Bool(true)));
        assert!(at("/a~1b/m~0n", Scalar::Integer(-1)));
        assert!(at("/", Scalar::String("empty".into())));
    }

    #[test]
    fn other_values_and_other_types_do_not_match() {
        assert!(!at("/type", Scalar::Integer(3)));
        assert!(!at("/type", Scalar::String("2".into())));
        assert!(!at("/float", Scalar::Integer(2)));
        assert!(!at("/data", Scalar::Null));
        assert!(!at("/data/options", Scalar::Null));
        assert!(!at("/data/options/00/id", Scalar::String("7".into())));
        assert!(!at("/data/name/deeper", Scalar::String("greet".into())));
    }

    #[test]
    fn null_also_matches_an_absent_value() {
        assert!(at("/gone", Scalar::Null));
        assert!(at("/never/there", Scalar::Null));
        assert!(at("/data/options/9", Scalar::Null));
        assert!(at("/type/deeper", Scalar::Null));
        assert!(!at("/type", Scalar::Null));
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        assert!(at("/twice", Scalar::Integer(2)));
        assert!(!at("/twice", Scalar::Integer(1)));
    }
}
