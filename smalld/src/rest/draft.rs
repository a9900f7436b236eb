//! A request as its caller described it.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::rest::attachment::Attachment;
use crate::rest::client::Rest;
use crate::rest::path::Path;
use crate::rest::rate_limits::RateLimits;

/// What is to be sent, as the user said it; mistakes in it are told when it is sent.
pub(crate) struct Draft {
    pub(crate) rest: Rest,
    pub(crate) method: Method,
    pub(crate) path: Path,
    /// The JSON; empty where there is none.
    pub(crate) payload: serde_json::Result<Vec<u8>>,
    pub(crate) attachments: Vec<Attachment>,
    /// Plain fields of the form that attachments make of it.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) query: Vec<(String, serde_json::Result<Value>)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) reason: Option<String>,
    pub(crate) rate_limits: Option<RateLimits>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<bool>,
}
