//! Requests that got no answer.

use std::fmt;

use crate::error::cause::BoxError;

/// A request that got no answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct NetworkError {
    /// The request's method, or `GATEWAY`.
    pub method: &'static str,
    /// The request's path; webhook and interaction tokens in it are masked.
    pub path: String,
    /// What failed.
    pub kind: NetworkErrorKind,
    /// Whether the request may have reached Discord all the same.
    pub may_have_arrived: bool,
    pub(super) source: Option<BoxError>,
}

/// What failed below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// The host's name could not be resolved.
    Dns,
    /// No connection to the host.
    Connect,
    /// A connection, but no encrypted one: a certificate that nobody trusts, say.
    Tls,
    /// The time allowed ran out.
    Timeout,
    /// The connection broke while the request or its answer was under way.
    Broken,
    /// The answer was larger than 64 MiB, more than any of Discord's, and was not read to its end.
    TooLarge,
}

impl NetworkError {
    pub(crate) fn new(
        method: &'static str,
        path: String,
        kind: NetworkErrorKind,
        may_have_arrived: bool,
        source: Option<BoxError>,
    ) -> Self {
        Self {
            method,
            path,
            kind,
            may_have_arrived,
            source,
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NetworkErrorKind::Dns => "the name of the host could not be resolved",
            NetworkErrorKind::Connect => "no connection to Discord",
            NetworkErrorKind::Tls => "no encrypted connection to Discord (TLS)",
            NetworkErrorKind::Timeout => "no answer in the time allowed",
            NetworkErrorKind::Broken => "the connection broke",
            NetworkErrorKind::TooLarge => "the answer is larger than 64 MiB and was not read",
        };
        let arrived = if self.may_have_arrived {
            "the request may have arrived"
        } else {
            "nothing was sent"
        };
        write!(f, "{} {}: {what}; {arrived}", self.method, self.path)
    }
}
