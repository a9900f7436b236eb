//! The body of a request: JSON, or multipart with JSON and files in it.

use std::sync::Arc;

use futures_util::{future, stream};
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use multer::{Field, Multipart};
use serde_json::Value;

use super::error::{self, Error};
use crate::rest::request::File;

/// The content of a body, understood as far as its content type goes.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) json: Option<Value>,
    pub(crate) files: Vec<File>,
    /// The other fields of a multipart body, as text.
    pub(crate) fields: Vec<(String, String)>,
}

impl Body {
    /// Parses a whole body.
    pub(crate) async fn read(content_type: Option<&str>, bytes: Bytes) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let content_type = content_type.unwrap_or_default();
        if let Ok(boundary) = multer::parse_boundary(content_type) {
            let body = stream::once(future::ready(Ok::<_, std::io::Error>(bytes)));
            return Self::read_multipart(Multipart::new(body, boundary)).await;
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Ok(Self {
                json: Some(json(&bytes)?),
                ..Self::default()
            });
        }
        let message = "Expected \"Content-Type\" header to be one of \
            {'application/json', 'multipart/form-data'}.";
        Err(Error::of_form("CONTENT_TYPE_INVALID", message))
    }

    async fn read_multipart(mut parts: Multipart<'_>) -> Result<Self, Error> {
        let malformed = |_| Error::of_form("MULTIPART_INVALID", "The multipart body is malformed.");
        let mut body = Self::default();
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let name = part.name().map(unescape);
            let file = part
                .file_name()
                .map(|name| (unescape(name), content_type(&part)));
            let bytes = part.bytes().await.map_err(malformed)?;
            match (name, file) {
                (Some(name), Some((filename, content_type))) => body.files.push(File {
                    name,
                    filename,
                    content_type,
                    bytes: Arc::from(&*bytes),
                }),
                (Some(name), None) if name == "payload_json" => body.json = Some(json(&bytes)?),
                (Some(name), None) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    body.fields.push((name, text));
                }
                (None, _) => {
                    let message = "The multipart body has a part without a name.";
                    return Err(Error::of_form("MULTIPART_INVALID", message));
                }
            }
        }
        Ok(body)
    }
}

fn json(bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|_| error::INVALID_JSON.into())
}

/// As the bot states it: it need not be a type that exists.
fn content_type(part: &Field<'_>) -> String {
    let stated = part.headers().get(CONTENT_TYPE);
    let stated = stated.and_then(|value| value.to_str().ok());
    stated.unwrap_or("application/octet-stream").to_owned()
}

/// Quotes and line breaks in names are escaped by a backslash (RFC 2183) or by percent signs (the
/// forms of HTML); both are accepted.
fn unescape(name: &str) -> String {
    let mut plain = String::new();
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' {
            letters.next()
        } else {
            Some(letter)
        });
    }
    plain
        .replace("%22", "\"")
        .replace("%0D", "\r")
        .replace("%0A", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, bytes: &'static [u8]) -> Result<Body, Error> {
        Body::read(Some(content_type), Bytes::from_static(bytes)).await
    }

    async fn multipart(bytes: &'static [u8]) -> Result<Body, Error> {
        read("multipart/form-data; boundary=x", bytes).await
    }

    #[tokio::test]
    async fn json_may_state_its_charset() {
        let body = read("application/json; charset=utf-8", b"{}").await;
        assert!(body.expect("json").json.is_some());
    }

    #[tokio::test]
    async fn a_body_needs_a_content_type() {
        for content_type in [None, Some("text/plain")] {
            let error = Body::read(content_type, Bytes::from_static(b"{}")).await;
            let body = error.expect_err("refused").body();
            assert_eq!(body["code"], 50_035, "{content_type:?}");
        }
    }

    #[tokio::test]
    async fn malformed_json_has_its_own_error() {
        let error = read("application/json", b"{").await.err();
        assert_eq!(error, Some(error::INVALID_JSON.into()));
    }

    #[tokio::test]
    async fn fields_and_files_are_told_apart() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{}\r\n\
            --x\r\ncontent-disposition: form-data; name=\"other\"\r\n\r\n1\r\n\
            --x\r\ncontent-type: image/png\r\n\
            content-disposition: form-data; name=\"files[0]\"; filename=\"a;b.png\"\r\n\r\n\
            \r\n--y\r\n\0\r\n--x--\r\n";
        let body = multipart(body).await.expect("well formed");
        assert_eq!(body.json, Some(serde_json::json!({})));
        assert_eq!(body.files.len(), 1);
        let file = &body.files[0];
        assert_eq!(
            (&file.name[..], &file.filename[..]),
            ("files[0]", "a;b.png")
        );
        assert_eq!(file.content_type, "image/png");
        assert_eq!(&*file.bytes, b"\r\n--y\r\n\0");
    }

    #[tokio::test]
    async fn quotes_in_names_are_unescaped() {
        let body =
            b"--x\r\nContent-Disposition: form-data; filename=\"a\\\"b%22c.txt\"; name=plain\
            \r\n\r\n1\r\n--x--\r\n";
        let body = multipart(body).await.expect("well formed");
        let file = &body.files[0];
        assert_eq!(
            (&file.name[..], &file.filename[..]),
            ("plain", "a\"b\"c.txt")
        );
        assert_eq!(file.content_type, "application/octet-stream");
    }

    #[tokio::test]
    async fn a_malformed_multipart_body_is_refused() {
        for body in [
            &b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1"[..],
            b"--x\r\n\r\nno name\r\n--x--",
            b"no boundary at all",
        ] {
            let error = multipart(body).await.expect_err("malformed").body();
            let code = &error["errors"]["_errors"][0]["code"];
            assert_eq!(code, "MULTIPART_INVALID", "{}", body.escape_ascii());
        }
        assert!(
            multipart(b"--x--\r\n")
                .await
                .expect("no parts")
                .files
                .is_empty()
        );
    }

    #[tokio::test]
    async fn the_boundary_may_be_quoted() {
        let body = b"--a b\r\ncontent-disposition: form-data; name=\"files[0]\"; filename=f\r\n\r\n\r\n--a b--\r\n";
        let body = read("Multipart/Form-Data; boundary=\"a b\"", body).await;
        assert_eq!(body.expect("well formed").files[0].filename, "f");
    }
}
