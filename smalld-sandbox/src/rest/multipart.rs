//! `multipart/form-data`, as RFC 7578 has it, of a body that is in memory already.

/// One part.
#[derive(Debug, PartialEq)]
pub(crate) struct Part<'b> {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: &'b [u8],
}

/// The boundary in the value of a `content-type` header, if it is one of multipart.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (kind, _) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(content_type, "boundary").filter(|boundary| !boundary.is_empty())
}

/// The parts in their order; none if this is not what the boundary promised.
pub(crate) fn parts<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<Part<'b>>> {
    let delimiter = format!("\r\n--{boundary}");
    let opening = &delimiter.as_bytes()[2..];
    // Whatever stands before the first boundary is for readers without MIME.
    let mut rest = match body.strip_prefix(opening) {
        Some(rest) => rest,
        None => split_at(body, delimiter.as_bytes())?.1,
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let (part, after) = split_at(rest.strip_prefix(b"\r\n")?, delimiter.as_bytes())?;
        parts.push(read_part(part)?);
        rest = after;
    }
    Some(parts)
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let (head, bytes) = match part.strip_prefix(b"\r\n") {
        Some(bytes) => (&[][..], bytes),
        None => split_at(part, b"\r\n\r\n")?,
    };
    let head = std::str::from_utf8(head).ok()?;
    let header = |name: &str| {
        let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
        headers
            .find(|(known, _)| known.trim().eq_ignore_ascii_case(name))
            .map(|(_, v)| v.trim())
    };
    let disposition = header("content-disposition")?;
    Some(Part {
        name: parameter(disposition, "name")?,
        filename: parameter(disposition, "filename"),
        content_type: header("content-type").map(ToOwned::to_owned),
        bytes,
    })
}

/// The value of `; name=value` or `; name="value"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once(';') {
        let (known, value) = after.split_once('=')?;
        if let Some(quoted) = value.strip_prefix('"') {
            let (value, after) = unquote(quoted)?;
            if known.trim().eq_ignore_ascii_case(name) {
                return Some(value);
            }
            rest = after;
        } else {
            let value = value.split(';').next().unwrap_or_default();
            if known.trim().eq_ignore_ascii_case(name) {
                return Some(value.trim().to_owned());
            }
            rest = after;
        }
    }
    None
}

/// Up to the closing quote, and what follows it. Quotes and line breaks in names are escaped
/// either by a backslash (RFC 2183) or by percent signs (HTML); we take both.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => {
                let plain = value
                    .replace("%22", "\"")
                    .replace("%0D", "\r")
                    .replace("%0A", "\n");
                return Some((plain, &text[place + 1..]));
            }
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

/// What stands before and after the first occurrence.
fn split_at<'b>(bytes: &'b [u8], separator: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let first = *separator.first()?;
    let mut from = 0;
    // Looking for one byte is much faster than comparing at every place.
    while let Some(place) = bytes[from..].iter().position(|byte| *byte == first) {
        let start = from + place;
        if bytes[start..].starts_with(separator) {
            return Some((&bytes[..start], &bytes[start + separator.len()..]));
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_told_apart() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{}\r\n\
            --x\r\ncontent-type: image/png\r\n\
            content-disposition: form-data; name=\"files[0]\"; filename=\"a;b.png\"\r\n\r\n\
            \r\n--y\r\n\0\r\n--x--\r\n";
        let parts = parts(body, "x").expect("well formed");
        assert_eq!(parts[0].name, "payload_json");
        assert_eq!((parts[0].bytes, &parts[0].filename), (&b"{}"[..], &None));
        assert_eq!(parts[1].filename.as_deref(), Some("a;b.png"));
        assert_eq!(parts[1].content_type.as_deref(), Some("image/png"));
        assert_eq!(parts[1].bytes, b"\r\n--y\r\n\0");
    }

    #[test]
    fn quotes_in_names_are_unescaped() {
        let disposition = r#"form-data; filename="a\"b%22c.txt"; name=plain"#;
        assert_eq!(
            parameter(disposition, "filename").as_deref(),
            Some("a\"b\"c.txt")
        );
        assert_eq!(parameter(disposition, "name").as_deref(), Some("plain"));
    }

    #[test]
    fn a_body_that_breaks_off_is_refused() {
        assert_eq!(
            parts(
                b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1",
                "x"
            ),
            None
        );
        assert_eq!(parts(b"", "x"), None);
        assert_eq!(parts(b"--x\r\n\r\nno name\r\n--x--", "x"), None);
        assert_eq!(parts(b"--x--\r\n", "x"), Some(vec![]));
    }

    #[test]
    fn the_boundary_may_be_quoted() {
        let boundary_of = |header| boundary(header);
        assert_eq!(
            boundary_of("multipart/form-data; boundary=ab").as_deref(),
            Some("ab")
        );
        assert_eq!(
            boundary_of("Multipart/Form-Data; boundary=\"a b\"").as_deref(),
            Some("a b")
        );
        assert_eq!(boundary_of("application/json; boundary=ab"), None);
    }
}
