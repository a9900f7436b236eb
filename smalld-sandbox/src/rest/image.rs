//! Images in JSON: data URIs such as `data:image/png;base64,iVBORw0KGgo=`.

/// What is known of an image without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// The size of the file.
    pub(crate) bytes: usize,
    pub(crate) is_animated: bool,
}

/// None if this is not a data URI of an image. The picture itself is not checked.
pub(crate) fn parse(uri: &str) -> Option<Image> {
    let (kind, data) = uri.strip_prefix("data:image/")?.split_once(";base64,")?;
    let is_known = matches!(kind, "png" | "jpeg" | "jpg" | "gif" | "webp" | "avif");
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    let digits = data.trim_end_matches('=');
    let is_valid = is_known && !digits.is_empty() && digits.bytes().all(is_base64);
    is_valid.then(|| Image {
        bytes: digits.len() * 3 / 4,
        is_animated: kind == "gif",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_uri_has_a_type_and_base64() {
        let gif = parse("data:image/gif;base64,R0lGODdh").expect("an image");
        assert_eq!((gif.bytes, gif.is_animated), (6, true));
        assert!(parse("data:image/png;base64,iVBORw0KGgo=").is_some_and(|png| png.bytes == 8));
        for wrong in [
            "R0lGODdh",
            "data:text/plain;base64,R0lGODdh",
            "data:image/png;base64,",
            "data:image/png;base64,***",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
