//! The options of a running sandbox.

use std::time::Duration;

use crate::rest::openapi::OpenApi;

/// What does not change while the sandbox runs.
pub(crate) struct Settings {
    pub(crate) token: String,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) granted_intents: u64,
    /// How many shards are recommended.
    pub(crate) shards: u64,
    pub(crate) base_url: String,
    pub(crate) gateway_url: String,
    pub(crate) resume_url: String,
    /// What requests are checked against, besides the rules of the sandbox.
    pub(crate) openapi: Option<OpenApi>,
}
