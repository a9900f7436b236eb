//! Skip-scan to one member of an object.

use memchr::{memchr2, memchr3};

/// The raw value of a member of a JSON object, which must be well formed.
pub(crate) fn member<'t>(object: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let mut at = 1;
    while object.get(at) == Some(&b'"') {
        let key_end = string_end(object, at)?;
        let start = key_end + 1;
        let end = value_end(object, start)?;
        if &object[at + 1..key_end - 1] == name {
            return Some(&object[start..end]);
        }
        at = end + 1;
    }
    None
}

fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match *text.get(at)? {
        b'"' => string_end(text, at),
        b'{' => container_end(text, at, b'{', b'}'),
        b'[' => container_end(text, at, b'[', b']'),
        _ => Some(at + memchr3(b',', b'}', b']', &text[at..])?),
    }
}

/// The end of a string that begins here, after its quote.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Brackets of the other kind are balanced, so only this kind is counted.
fn container_end(text: &[u8], at: usize, open: u8, close: u8) -> Option<usize> {
    let (mut at, mut depth) = (at + 1, 1);
    loop {
        at += memchr3(b'"', open, close, &text[at..])?;
        match text[at] {
            b'"' => at = string_end(text, at)?,
            found => {
                depth = if found == open { depth + 1 } else { depth - 1 };
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_member_behind_strings_and_containers() {
        let text = br#"{"a":"}\"{","b":[1,{"content":2}],"c":{"d":[]},"n":-1,"content":"x","e":1}"#;
        assert_eq!(member(text, b"content"), Some(&br#""x""#[..]));
        assert_eq!(member(text, b"e"), Some(&b"1"[..]));
        assert_eq!(member(text, b"f"), None);
        assert_eq!(member(b"{}", b"f"), None);
    }
}
