//! A request as its caller described it.

use std::pin::Pin;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::error::{Response, Result};
use crate::rest::attachment::Attachment;
use crate::rest::client::Rest;
use crate::rest::path::Path;
use crate::rest::rate_limits::RateLimits;

/// A request before it is checked. Mistakes in it are reported when it is sent.
pub(crate) struct Draft {
    pub(crate) rest: Rest,
    pub(crate) method: Method,
    pub(crate) path: Path,
    /// The JSON; empty if there is none.
    pub(crate) payload: serde_json::Result<Vec<u8>>,
    pub(crate) attachments: Vec<Attachment>,
    /// Plain fields of the form, beside the attachments.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) query: Vec<(String, serde_json::Result<Value>)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) reason: Option<String>,
    pub(crate) rate_limits: Option<RateLimits>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<bool>,
    /// Sends it, if what is sent depends on more than the draft.
    pub(crate) via: Option<Via>,
}

/// Sends a draft in another way than as it stands. The draft it takes has none.
pub(crate) type Via = Box<dyn FnOnce(Draft) -> Sent + Send>;

type Sent = Pin<Box<dyn Future<Output = Result<Response>> + Send>>;

impl Draft {
    pub(crate) fn new(rest: Rest, method: Method, path: Path) -> Self {
        Self {
            rest,
            method,
            path,
            payload: Ok(Vec::new()),
            attachments: Vec::new(),
            fields: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            reason: None,
            rate_limits: None,
            timeout: None,
            retry: None,
            via: None,
        }
    }
}
