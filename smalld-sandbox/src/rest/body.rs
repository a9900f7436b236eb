//! The body of a request: JSON, or multipart with JSON and files in it.

use std::sync::Arc;

use serde_json::Value;

use super::error::{self, Error};
use super::multipart;
use crate::request::File;

/// What was sent, understood as far as its content type goes.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) json: Option<Value>,
    pub(crate) files: Vec<File>,
}

impl Body {
    pub(crate) fn read(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let content_type = content_type.unwrap_or_default();
        if let Some(boundary) = multipart::boundary(content_type) {
            return Self::read_multipart(bytes, &boundary);
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Ok(Self {
                json: Some(json(bytes)?),
                files: Vec::new(),
            });
        }
        let message = "Expected \"Content-Type\" header to be one of \
            {'application/json', 'multipart/form-data'}.";
        Err(Error::of_form("CONTENT_TYPE_INVALID", message))
    }

    fn read_multipart(bytes: &[u8], boundary: &str) -> Result<Self, Error> {
        let parts = multipart::parts(bytes, boundary).ok_or_else(|| {
            Error::of_form("MULTIPART_INVALID", "The multipart body is malformed.")
        })?;
        let mut body = Self::default();
        for part in parts {
            match part.filename {
                Some(filename) => body.files.push(File {
                    name: part.name,
                    filename,
                    content_type: part
                        .content_type
                        .unwrap_or_else(|| "application/octet-stream".to_owned()),
                    bytes: Arc::from(part.bytes),
                }),
                None if part.name == "payload_json" => body.json = Some(json(part.bytes)?),
                // Discord does not look at fields that it does not know.
                None => {}
            }
        }
        Ok(body)
    }
}

fn json(bytes: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(bytes).map_err(|_| error::INVALID_JSON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_may_state_its_charset() {
        let body = Body::read(Some("application/json; charset=utf-8"), b"{}").expect("json");
        assert!(body.json.is_some());
    }

    #[test]
    fn a_body_needs_a_content_type() {
        let code = |content_type| {
            Body::read(content_type, b"{}")
                .err()
                .map(|e| e.body()["code"].clone())
        };
        assert_eq!(code(None), Some(50_035.into()));
        assert_eq!(code(Some("text/plain")), Some(50_035.into()));
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        assert_eq!(
            Body::read(Some("application/json"), b"{").err(),
            Some(error::INVALID_JSON)
        );
    }
}
