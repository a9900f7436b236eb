//! JSON scanner that finds the members of an object without parsing or copying them. It allocates nothing;
//! `serde_json` keeps a stack of brackets on the heap even when it only skips.
//!
//! All of the text is checked against the grammar of [RFC 8259]. `skim` is faster and checks less. Nesting deeper than 128 levels is an error, as in `serde_json`.
//!
//! [RFC 8259]: https://www.rfc-editor.org/rfc/rfc8259

use std::borrow::Cow;
use std::str::FromStr;

/// The text is not valid JSON, or not the expected kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// The offset of the mistake in the text, in bytes.
    pub(crate) at: usize,
}

/// The members of a JSON object, which must be the whole text: raw keys, without quotes, and raw values.
pub(crate) fn members(text: &str) -> Members<'_> {
    Members {
        scanner: Scanner { text, at: 0 },
        state: State::Start,
    }
}

/// Decodes a raw string without its quotes. It is copied only if it contains an escape.
pub(crate) fn decoded(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    serde_json::from_str(&format!("\"{raw}\""))
        .ok()
        .map(Cow::Owned)
}

/// Removes the quotes of a raw string. Returns `None` if the value is not a string.
pub(crate) fn string(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// Parses a raw value as an integer. Returns `None` for any other value, such as a fraction.
pub(crate) fn integer<T: FromStr>(raw: &str) -> Option<T> {
    raw.parse().ok()
}

/// Iterator over the members of an object. It ends after a mistake.
pub(crate) struct Members<'t> {
    scanner: Scanner<'t>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    Over,
}

impl<'t> Members<'t> {
    /// Moves to the next member. Returns `Some(false)` at the end, and `None` at a mistake.
    fn advance(&mut self) -> Option<bool> {
        let scanner = &mut self.scanner;
        scanner.space();
        let is_first = self.state == State::Start;
        self.state = State::Inside;
        if is_first {
            scanner.expect(b'{')?;
            scanner.space();
        }
        if scanner.peek() == Some(b'}') {
            return scanner.end().map(|()| false);
        }
        if !is_first {
            scanner.expect(b',')?;
        }
        Some(true)
    }

    fn member(&mut self) -> Option<(&'t str, &'t str)> {
        Some((self.scanner.key()?, self.scanner.value()?))
    }
}

impl<'t> Iterator for Members<'t> {
    type Item = Result<(&'t str, &'t str), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Over {
            return None;
        }
        let member = match self.advance() {
            Some(true) => self.member(),
            Some(false) => {
                self.state = State::Over;
                return None;
            }
            None => None,
        };
        if member.is_none() {
            self.state = State::Over;
        }
        Some(member.ok_or(Malformed {
            at: self.scanner.at,
        }))
    }
}

/// Reads a text from left to right. Its methods return `None` for a mistake at position `at`.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips the closing bracket; only white space may follow.
    fn end(&mut self) -> Option<()> {
        self.at += 1;
        self.space();
        self.peek().is_none().then_some(())
    }

    /// Reads a key and its colon; returns the key without its quotes.
    fn key(&mut self) -> Option<&'t str> {
        self.space();
        let start = self.at;
        self.string()?;
        let key = &self.text[start + 1..self.at - 1];
        self.space();
        self.expect(b':')?;
        Some(key)
    }

    /// Skips any value and returns its text.
    fn value(&mut self) -> Option<&'t str> {
        self.space();
        let start = self.at;
        // One bit for each open bracket, set if it is an object's.
        let (mut depth, mut objects) = (0_u32, 0_u128);
        loop {
            self.space();
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    let is_object = bracket == b'{';
                    self.at += 1;
                    depth = depth.checked_add(1).filter(|&depth| depth <= u128::BITS)?;
                    objects = objects << 1 | u128::from(is_object);
                    self.space();
                    let is_empty =
                        matches!((is_object, self.peek()?), (true, b'}') | (false, b']'));
                    if !is_empty {
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            // After a value: closing brackets, or a comma before the next value.
            loop {
                if depth == 0 {
                    return Some(&self.text[start..self.at]);
                }
                self.space();
                let is_object = objects & 1 == 1;
                match (self.peek()?, is_object) {
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        depth -= 1;
                        objects >>= 1;
                    }
                    (b',', _) => {
                        self.at += 1;
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    _ => return None,
                }
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => {
                    self.at += 1;
                    self.escape()?;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let escape = self.peek()?;
        self.at += 1;
        match escape {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
                let hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
                hexadecimal.then(|| self.at += 4)
            }
            _ => None,
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        found.then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = r#" { "t" : "A\u0042\n", "s":-10.5e+2 , "d": {"a":[1,{"b":null},[],"x\"y"],"c":{}, "é":true},
        "op":0, "e": [ ] } "#;

    fn is_object(text: &str) -> bool {
        members(text).all(|part| part.is_ok())
    }

    /// Whether `serde_json` accepts the text as an object.
    fn expected(text: &str) -> bool {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok()
    }

    #[test]
    fn members_are_returned_as_they_are_in_the_text() {
        let all: Vec<_> = members(PAYLOAD).map(Result::unwrap).collect();
        let d = r#"{"a":[1,{"b":null},[],"x\"y"],"c":{}, "é":true}"#;
        let expected = [
            ("t", r#""A\u0042\n""#),
            ("s", "-10.5e+2"),
            ("d", d),
            ("op", "0"),
            ("e", "[ ]"),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn every_mistake_that_serde_json_finds_is_found() {
        let mut damaged = 0;
        for cut in (0..PAYLOAD.len()).filter(|&at| PAYLOAD.is_char_boundary(at)) {
            assert_eq!(
                is_object(&PAYLOAD[..cut]),
                expected(&PAYLOAD[..cut]),
                "{}",
                &PAYLOAD[..cut]
            );
            let rest = PAYLOAD[cut..]
                .char_indices()
                .nth(1)
                .map_or("", |(next, _)| &PAYLOAD[cut + next..]);
            for instead in [
                "", "{", "}", "[", "]", ",", ":", "\"", "\\", "0", ".", "e", "-", "x", "\u{1}", " ",
            ] {
                let text = format!("{}{instead}{rest}", &PAYLOAD[..cut]);
                // A lone surrogate is noticed only when the string is decoded.
                assert_eq!(is_object(&text), expected(&text), "{text}");
                damaged += usize::from(!is_object(&text));
            }
        }
        assert!(damaged > 1000, "{damaged}");
    }

    #[test]
    fn other_values_are_not_objects() {
        for text in [
            "",
            "[]",
            "42",
            "\"x\"",
            "null",
            "{} x",
            "{},",
            "{\"a\":1,}",
            "{,}",
        ] {
            assert!(!is_object(text), "{text}");
        }
        assert!(is_object("{}") && is_object(" { } "));
    }

    #[test]
    fn nesting_is_limited_to_128_levels() {
        let nested = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_object(&nested(128)));
        assert!(!is_object(&nested(129)) && !is_object(&nested(100_000)));
    }

    #[test]
    fn strings_are_decoded() {
        assert_eq!(decoded(r#"a\n\"b\""#).as_deref(), Some("a\n\"b\""));
        assert_eq!(string(r#""x""#), Some("x"));
        assert_eq!(string("1"), None);
    }
}
