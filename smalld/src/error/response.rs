//! A response as bytes. It lives here, below REST, because [`HttpError`](crate::error::HttpError) holds one.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::error::redact::Secrets;
use crate::error::{Error, Result};

/// A response of Discord's REST API, unparsed.
///
/// It comes from [`Request::response`](crate::rest::Request::response), and with every
/// [`HttpError`](crate::error::HttpError).
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status, such as 200.
    pub status: u16,
    parts: Arc<Parts>,
}

struct Parts {
    headers: Vec<(String, String)>,
    bytes: Vec<u8>,
    secrets: Secrets,
}

impl Response {
    pub(crate) fn new(status: u16, headers: Vec<(String, String)>, bytes: Vec<u8>) -> Self {
        Self::to_request(status, headers, bytes, Secrets::default())
    }

    /// Masks the secrets of the request in the headers and, if it is an error, in the body.
    pub(crate) fn to_request(
        status: u16,
        mut headers: Vec<(String, String)>,
        mut bytes: Vec<u8>,
        secrets: Secrets,
    ) -> Self {
        for (_, value) in &mut headers {
            if let Cow::Owned(masked) = secrets.redact(value) {
                *value = masked;
            }
        }
        if !matches!(status, 200..=299) {
            bytes = secrets.redact_bytes(bytes);
        }
        Self {
            status,
            parts: Arc::new(Parts {
                headers,
                bytes,
                secrets,
            }),
        }
    }

    /// The same response with another body.
    pub(crate) fn with_body(&self, bytes: Vec<u8>) -> Self {
        Self {
            status: self.status,
            parts: Arc::new(Parts {
                headers: self.parts.headers.clone(),
                bytes,
                secrets: self.parts.secrets.clone(),
            }),
        }
    }

    /// The value of the first header of this name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .parts
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All headers, names in lower case, in the order in which they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body; empty with status 204.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.parts.bytes
    }

    /// The body as text; bytes that are not UTF-8 are replaced by `U+FFFD`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.parts.bytes)
    }

    /// The body as any `T`; an empty one reads as `null`.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if it does not have that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = if self.parts.bytes.is_empty() {
            b"null"
        } else {
            self.parts.bytes.as_slice()
        };
        serde_json::from_slice(body).map_err(|error| {
            let message = "Discord's response does not have the expected shape";
            // It quotes the body.
            match self.parts.secrets.redact(&error.to_string()) {
                Cow::Owned(masked) => Error::json(message, masked),
                Cow::Borrowed(_) => Error::json(message, error),
            }
        })
    }
}

/// Without the body, which may hold the token of a webhook.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.parts.headers)
            .field("bytes", &self.parts.bytes.len())
            .finish()
    }
}
