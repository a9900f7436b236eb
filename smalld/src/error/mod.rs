//! The one error type, its kinds, and how a chain of causes becomes a sentence.

mod cause;
mod config;
pub(crate) mod duration;
mod gateway;
mod http;
mod json;
mod network;
mod rate_limit;
pub(crate) mod response;

use std::fmt;
use std::time::Duration;

pub use self::cause::BoxError;
pub(crate) use self::cause::sentence;
pub use self::config::ConfigError;
pub use self::gateway::GatewayError;
pub use self::http::{FieldError, HttpError};
pub use self::json::JsonError;
pub use self::network::{NetworkError, NetworkErrorKind};
pub use self::rate_limit::{RateLimitError, RateLimitScope};

pub use self::response::Response;

/// What smalld's own functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The other name of [`Error`], as SmallD for Python has it.
pub type SmallDError = Error;

/// Everything that can go wrong in smalld.
///
/// `Display` says what happened, why and what to do next; `Debug` is the same followed by the
/// causes, because that is what a `main` that returns it prints. Neither ever holds the token.
#[non_exhaustive]
pub enum Error {
    /// Discord answered a request with a status other than 2xx.
    Http(HttpError),
    /// A request got no answer: the name did not resolve, the connection or TLS failed, time ran out.
    Network(NetworkError),
    /// A known rate limit forbids the request or payload; it was not sent, or Discord refused it.
    RateLimit(RateLimitError),
    /// Something was configured in a way that cannot work.
    Config(ConfigError),
    /// The gateway ended the connection for good, or cannot take a payload.
    Gateway(GatewayError),
    /// JSON could not be written or does not have the shape that was asked for.
    Json(JsonError),
}

impl Error {
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config(ConfigError {
            message: message.into(),
        })
    }

    pub(crate) fn gateway(message: impl Into<String>) -> Self {
        Self::Gateway(GatewayError {
            close_code: None,
            shard: None,
            message: message.into(),
        })
    }

    /// Adds what to know about a connection that was closed with this code.
    pub(crate) fn explained(mut self, code: u16, words: impl FnOnce() -> String) -> Self {
        if let Self::Gateway(error) = &mut self
            && error.close_code == Some(code)
        {
            error.message.push_str(&words());
        }
        self
    }

    pub(crate) fn closed(close_code: Option<u16>, shard: (u32, u32), message: String) -> Self {
        Self::Gateway(GatewayError {
            close_code,
            shard: Some(shard),
            message,
        })
    }

    pub(crate) fn json(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Json(JsonError {
            message: message.into(),
            source: Some(source.into()),
        })
    }

    /// A limit of the gateway's own.
    pub(crate) fn rate_limit(subject: &str, retry_after: Duration) -> Self {
        let scope = RateLimitScope::User;
        let error = RateLimitError::new(subject.into(), retry_after, None, scope);
        Self::RateLimit(RateLimitError {
            is_request: false,
            ..error
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Network(error) => error.fmt(f),
            Self::RateLimit(error) => error.fmt(f),
            Self::Config(error) => f.write_str(&error.message),
            Self::Gateway(error) => error.fmt(f),
            Self::Json(error) => f.write_str(&error.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = match self {
            Self::Network(error) => error.source.as_ref(),
            Self::Json(error) => error.source.as_ref(),
            _ => None,
        };
        source.map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_the_message_and_its_causes() {
        let cause = std::io::Error::other("the disk is full");
        let error = Error::json("the payload cannot be written as JSON", cause);
        assert_eq!(
            format!("{error:?}"),
            "the payload cannot be written as JSON: the disk is full"
        );
    }

    #[test]
    fn a_limit_of_the_gateway_does_not_advise_what_is_for_requests() {
        let error = Error::rate_limit("presence", Duration::from_secs(3)).to_string();
        assert_eq!(
            error,
            "presence: rate limited for 3.000 s; it was not sent, try again then"
        );
    }
}
