//! JSON cursor that skips what nobody asks for, as fast as it can: it checks no more of the grammar than it
//! needs to find its way. It never looks behind the value that it reads, and it allocates nothing.
//!
//! `scan` checks a whole text instead. Of text that `scan` accepts, the cursor reads the same.

/// A position in a JSON text. Its methods return `None` at the end of the text and at a mistake.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

/// A string as it is in the text, without its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawString<'t> {
    pub(crate) text: &'t str,
    pub(crate) has_escapes: bool,
}

/// The next value, as far as its first byte tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    /// A number, `true`, `false` or `null`.
    Literal,
}

impl<'t> Cursor<'t> {
    /// At the beginning of a text, which may go on after its first value.
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The position in the text, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The kind of the next value. Nothing is read but white space.
    pub(crate) fn kind(&mut self) -> Option<Kind> {
        self.space();
        Some(match self.peek()? {
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b'"' => Kind::String,
            b'-' | b'0'..=b'9' | b'a'..=b'z' => Kind::Literal,
            _ => return None,
        })
    }

    /// Enters an object or array, which `kind` has found.
    pub(crate) fn enter(&mut self) {
        self.at += 1;
    }

    /// Moves on to the next member or element of an object or array that was entered, and behind the object
    /// or array if there is none: then returns `false`.
    pub(crate) fn next(&mut self, is_first: bool, close: u8) -> Option<bool> {
        self.space();
        let byte = self.peek()?;
        if byte == close {
            self.at += 1;
            return Some(false);
        }
        if !is_first {
            (byte == b',').then(|| self.at += 1)?;
        }
        Some(true)
    }

    /// Reads the key of a member and its colon.
    pub(crate) fn key(&mut self) -> Option<RawString<'t>> {
        self.space();
        let key = self.string()?;
        self.expect(b':')?;
        Some(key)
    }

    /// Reads a string.
    pub(crate) fn string(&mut self) -> Option<RawString<'t>> {
        (self.peek()? == b'"').then(|| self.at += 1)?;
        let start = self.at;
        let (end, has_escapes) = end_of_string(self.text.as_bytes(), start)?;
        self.at = end + 1;
        let text = self.text.get(start..end)?;
        Some(RawString { text, has_escapes })
    }

    /// Reads a number, `true`, `false` or `null`, up to whatever cannot be a part of it.
    pub(crate) fn literal(&mut self) -> &'t str {
        let rest = &self.text.as_bytes()[self.at..];
        let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    /// Skips the next value.
    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.kind()? {
            Kind::String => self.string().map(drop),
            Kind::Literal => {
                self.literal();
                Some(())
            }
            Kind::Object | Kind::Array => {
                self.enter();
                self.leave(1)
            }
        }
    }

    /// Skips the rest of this many objects and arrays that were entered last.
    pub(crate) fn leave(&mut self, mut depth: usize) -> Option<()> {
        let bytes = self.text.as_bytes();
        while depth > 0 {
            match bytes.get(self.at)? {
                b'"' => self.at = end_of_string(bytes, self.at + 1)?.0,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Some(())
    }
}

/// The position of the quote that ends a string, and whether the string has escapes.
fn end_of_string(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = quote_or_backslash(bytes, start)?;
    if bytes[at] == b'"' {
        return Some((at, false));
    }
    while bytes[at] == b'\\' {
        at = quote_or_backslash(bytes, at + 2)?;
    }
    Some((at, true))
}

/// The position of the next quote or backslash. Strings in Discord's JSON are short, so eight bytes are
/// compared at once, and not more.
fn quote_or_backslash(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    const QUOTES: u64 = u64::from_ne_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_ne_bytes([b'\\'; 8]);
    // Its lowest bit that is set belongs to the first byte of the word that is zero.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(chunk) = bytes.get(at..)?.first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes[at..].iter();
    let is_found = |byte: &u8| matches!(byte, b'"' | b'\\');
    Some(at + rest.copied().position(|byte| is_found(&byte))?)
}

/// Decodes a raw string from its beginning, until it ends or the buffer is full. Returns the bytes, or `None` if
/// an escape is invalid.
pub(crate) fn decode<'b>(raw: &str, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let (mut rest, mut length) = (raw, 0);
    while length < buffer.len() && !rest.is_empty() {
        let plain = rest.find('\\').unwrap_or(rest.len());
        let copied = plain.min(buffer.len() - length);
        buffer[length..length + copied].copy_from_slice(&rest.as_bytes()[..copied]);
        length += copied;
        rest = &rest[plain..];
        let Some(escape) = rest.strip_prefix('\\') else {
            break;
        };
        let (character, after) = unescape(escape)?;
        let mut utf8 = [0; 4];
        for byte in character.encode_utf8(&mut utf8).bytes() {
            if let Some(place) = buffer.get_mut(length) {
                *place = byte;
                length += 1;
            }
        }
        rest = after;
    }
    Some(&buffer[..length])
}

/// The character of an escape after its backslash, and what follows.
fn unescape(escape: &str) -> Option<(char, &str)> {
    let after = escape.get(1..)?;
    Some(match escape.as_bytes()[0] {
        b'"' => ('"', after),
        b'\\' => ('\\', after),
        b'/' => ('/', after),
        b'b' => ('\u{8}', after),
        b'f' => ('\u{c}', after),
        b'n' => ('\n', after),
        b'r' => ('\r', after),
        b't' => ('\t', after),
        b'u' => {
            let (first, after) = code_unit(after)?;
            let second = after.strip_prefix("\\u").and_then(code_unit);
            let is_pair = (0xd800..0xdc00).contains(&first);
            let (units, after) = match second {
                Some((second, after)) if is_pair => ([first, second], after),
                // One that is the half of a pair is refused below.
                _ => ([first, 0], after),
            };
            let character = char::decode_utf16(units).next()?.ok()?;
            (character, after)
        }
        _ => return None,
    })
}

fn code_unit(text: &str) -> Option<(u16, &str)> {
    let (digits, after) = text.split_at_checked(4)?;
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let unit = is_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?;
    Some((unit?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_first_quote_that_is_not_escaped() {
        for length in 0..40 {
            for tail in ["\"", "\\\"\"", "\\\\\"", "\\u0022\""] {
                let text = format!("\"{}{tail}, \"more\"", "é".repeat(length));
                let mut cursor = Cursor::new(&text);
                let string = cursor.string().unwrap();
                let raw = &text[1..=text.len() - ", \"more\"".len() - 2];
                assert_eq!((string.text, cursor.at()), (raw, raw.len() + 2));
                assert_eq!(string.has_escapes, tail.len() > 1);
            }
            let open = format!("\"{}\\", "x".repeat(length));
            assert_eq!(Cursor::new(&open).string(), None);
            assert_eq!(Cursor::new(&open[..=length]).string(), None);
        }
    }

    #[test]
    fn any_value_is_skipped() {
        for value in [
            r#""a\"b""#,
            "-1.5e+3",
            "true",
            "null",
            "{}",
            "[]",
            r#"{"a":[1,{"b":"]}"},"\\"],"c":{}}"#,
        ] {
            for after in ["", ",", "}", " ]"] {
                let text = format!(" \n{value}{after}");
                let mut cursor = Cursor::new(&text);
                cursor.skip().unwrap();
                assert_eq!(&text[cursor.at()..], after, "{text}");
            }
        }
        for text in ["", " ", "[", r#"{"a":"}"#, "[{", ",", "}", ":", "+1"] {
            assert_eq!(Cursor::new(text).skip(), None, "{text}");
        }
    }

    #[test]
    fn strings_are_decoded_as_serde_json_does() {
        let mut buffer = [0; 64];
        for raw in [
            "plain",
            r"\u0041\u00e9\u20ac",
            r"\ud83d\ude00 x",
            r#"\"\\\/\b\f\n\r\t"#,
            r"\ud83dx",
            r"\ude00",
            r"\ud83d\u0041",
            r"\u12",
            r"\u+123",
            r"\x",
            "\\",
            r"é\n",
        ] {
            let expected = serde_json::from_str::<String>(&format!("\"{raw}\"")).ok();
            let decoded = decode(raw, &mut buffer);
            assert_eq!(decoded, expected.as_ref().map(String::as_bytes), "{raw}");
        }
    }

    #[test]
    fn decoding_stops_when_the_buffer_is_full() {
        for length in 0..12 {
            let expected = "a\né😀b".as_bytes();
            let decoded =
                decode(r"a\n\u00e9\ud83d\ude00b", &mut [0; 16][..length]).map(<[u8]>::to_vec);
            assert_eq!(decoded.unwrap(), expected[..length.min(expected.len())]);
        }
    }
}
