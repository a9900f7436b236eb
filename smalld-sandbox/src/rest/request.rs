//! REST requests as they arrived, for tests.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A REST request of a bot, and the status of its answer.
///
/// `Debug` withholds the `authorization` header.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path below `/api/v10`, percent-encoded as it was sent, such as `/channels/1/messages`.
    pub path: String,
    /// What follows the `?`, as it was sent; empty without one.
    pub query: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The JSON of the body, or of the part `payload_json` of a multipart body.
    pub json: Option<Value>,
    /// The files of a multipart body, in order.
    pub files: Vec<File>,
    /// The body itself, byte for byte.
    pub body: Arc<[u8]>,
    /// The status of the answer.
    pub status: u16,
    /// The JSON of the answer; null if it has no body.
    pub answer: Value,
}

/// One file of a multipart body.
#[derive(Clone)]
#[non_exhaustive]
pub struct File {
    /// The name of the part, such as `files[0]`.
    pub name: String,
    /// The name of the file.
    pub filename: String,
    /// As the bot states it, else `application/octet-stream`.
    pub content_type: String,
    /// The content.
    pub bytes: Arc<[u8]>,
}

impl Request {
    /// The value of the first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    /// A request without a body.
    #[cfg(test)]
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            json: None,
            files: Vec::new(),
            body: Arc::from([]),
            status: 0,
            answer: Value::Null,
        }
    }

    /// About how many bytes of memory it takes. The files count twice: they are in the body, too.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.len() + value.len());
        let answer = self.answer.to_string().len();
        let body = 2 * self.body.len();
        self.path.len() + self.query.len() + headers.sum::<usize>() + body + answer
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<(&str, &str)> = self.headers.iter().map(withhold_token).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &shown)
            .field("json", &self.json)
            .field("files", &self.files)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("status", &self.status)
            .field("answer", &self.answer)
            .finish()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .field("filename", &self.filename)
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

fn withhold_token((name, value): &(String, String)) -> (&str, &str) {
    (
        name,
        if name == "authorization" {
            "[withheld]"
        } else {
            value
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_withholds_the_token() {
        let mut request = Request::new("GET", "/users/@me");
        request.headers = vec![("authorization".to_owned(), "Bot secret".to_owned())];
        assert!(!format!("{request:?}").contains("secret"));
        assert_eq!(request.header("Authorization"), Some("Bot secret"));
    }
}
