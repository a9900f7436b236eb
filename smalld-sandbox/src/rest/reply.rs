//! Reply to a request: a status, headers and perhaps JSON, not yet on the wire.

use serde_json::{Value, json};

use super::error::{self, Error};

/// What an endpoint returns on success.
#[derive(Debug)]
pub(crate) enum Answer {
    /// 200 with JSON.
    Json(Value),
    /// 201 with JSON.
    Created(Value),
    /// 204, without a body.
    NoContent,
}

/// The answer of a stub; see [`Sandbox::on`](crate::Sandbox::on).
///
/// ```
/// use serde_json::json;
/// use smalld_sandbox::Reply;
///
/// let found = Reply::json(200, json!({ "id": "1" }));
/// let done = Reply::empty(204);
/// let refused = Reply::error(403, 50013);
/// let outage = Reply::empty(503).header("retry-after", "2");
/// # let _ = (found, done, refused, outage);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a reply does nothing until a stub returns it"]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Reply {
    /// A status with a JSON body.
    pub fn json(status: u16, body: impl Into<Value>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body.into()),
        }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
        }
    }

    /// An error of Discord: a status, and the code of the body, with Discord's message for the codes
    /// that the sandbox knows.
    pub fn error(status: u16, code: u64) -> Self {
        let message = error::message(code).unwrap_or("Unknown error");
        Self::json(status, json!({ "message": message, "code": code }))
    }

    /// Adds a header. A name or a value that HTTP does not allow is left out of the response.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl From<Result<Answer, Error>> for Reply {
    fn from(answer: Result<Answer, Error>) -> Self {
        match answer {
            Ok(Answer::Json(body)) => Self::json(200, body),
            Ok(Answer::Created(body)) => Self::json(201, body),
            Ok(Answer::NoContent) => Self::empty(204),
            Err(error) => Self::json(error.status, error.body()),
        }
    }
}
