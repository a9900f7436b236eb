//! Errors of requests that got no response.

use std::fmt;

use crate::error::cause::BoxError;

/// A request that got no response.
#[derive(Debug)]
#[non_exhaustive]
pub struct NetworkError {
    /// The request's method, such as `POST`, or `GATEWAY`.
    pub method: &'static str,
    /// The request's path; tokens in it are masked.
    pub path: String,
    /// What failed. The cause, if there is one, is this error's [`source`](std::error::Error::source).
    pub kind: NetworkErrorKind,
    /// Whether the request may have reached Discord.
    pub may_have_arrived: bool,
    source: Option<BoxError>,
}

/// What failed below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// The name of the host could not be resolved.
    Dns,
    /// The host could not be connected to.
    Connect,
    /// No encrypted connection, for example because of a certificate that is not trusted.
    Tls,
    /// No response within the time allowed.
    Timeout,
    /// The connection broke while the request or its response was in flight.
    Broken,
    /// The response was larger than 64 MiB, more than any of Discord's, and was not read to its end.
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

    /// The request's method, such as `POST`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        Some(self.method)
    }

    /// The request's path; tokens in it are masked.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        Some(&self.path)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NetworkErrorKind::Dns => "the name of the host could not be resolved",
            NetworkErrorKind::Connect => "no connection to Discord",
            NetworkErrorKind::Tls => "no encrypted connection to Discord (TLS)",
            NetworkErrorKind::Timeout => "no response in the time allowed",
            NetworkErrorKind::Broken => "the connection broke",
            NetworkErrorKind::TooLarge => "the response is larger than 64 MiB and was not read",
        };
        let arrived = if self.may_have_arrived {
            "the request may have arrived"
        } else {
            "nothing was sent"
        };
        write!(f, "{} {}: {what}; {arrived}", self.method, self.path)
    }
}

impl std::error::Error for NetworkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
