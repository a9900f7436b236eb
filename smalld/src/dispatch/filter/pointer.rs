//! JSON pointers (RFC 6901).

use crate::event::skim::{Cursor, Kind, RawString, decode};

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

/// The array index that a token is: digits without a leading zero.
pub(super) fn array_index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    let digits = canonical && token.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| token.parse().ok()).flatten()
}

/// Whether a key in the text is this one.
pub(super) fn is_key(key: RawString<'_>, expected: &str) -> bool {
    if !key.has_escapes {
        return key.text == expected;
    }
    // Decoded, no text is longer than in its raw form.
    let mut buffer = vec![0; key.text.len()];
    decode(key.text, &mut buffer).is_some_and(|decoded| decoded == expected.as_bytes())
}

/// The string at the end of some keys, which are not escaped in Discord's JSON, nor is the string.
pub(crate) fn find_string<'t>(json: &'t str, keys: &[&str]) -> Option<&'t str> {
    let mut cursor = Cursor::new(json);
    for expected in keys {
        (cursor.kind()? == Kind::Object).then(|| cursor.enter())?;
        let mut is_first = true;
        loop {
            cursor.next(is_first, b'}')?.then_some(())?;
            is_first = false;
            if is_key(cursor.key()?, expected) {
                break;
            }
            cursor.skip()?;
        }
    }
    (cursor.kind()? == Kind::String).then_some(())?;
    Some(cursor.string()?.text)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_string_is_found_by_its_keys() {
        let json = r#" {"a":{"id":"no"},"user":{"x":[{"id":"no"}],"id":"7","id":"8"},"id":9}"#;
        assert_eq!(find_string(json, &["user", "id"]), Some("7"));
        assert_eq!(find_string(json, &["id"]), None);
        assert_eq!(find_string(json, &["user", "id", "id"]), None);
        assert_eq!(find_string(json, &["guild_id"]), None);
        assert_eq!(find_string("7", &["id"]), None);
    }
}
