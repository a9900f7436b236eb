//! Errors: one type, [`Error`], with a struct for each kind.
//!
//! Every struct has public fields, implements [`Display`](std::fmt::Display) and
//! [`std::error::Error`], and has the method and path of its request (`method()`, `path()`).
//! [`Error`] has the same accessors for every kind:
//!
//! ```
//! # fn report(error: &smalld::Error) {
//! if let (Some(method), Some(path)) = (error.method(), error.path()) {
//!     println!("{method} {path} failed: {error}");
//! }
//! if error.status() == Some(404) || error.code() == Some(10008) {
//!     println!("it is gone");
//! }
//! # }
//! ```
//!
//! No error shows the bot's token or the secrets of the request it is about, even if Discord or a
//! proxy echoes them.
//!
//! [`Response`] and [`Error`] are in a circle of files: an error holds the response that it is about,
//! and reading a response as JSON can fail.

mod cause;
mod config;
pub(crate) mod duration;
mod gateway;
mod http;
mod interaction;
mod json;
mod network;
mod rate_limit;
pub(crate) mod redact;
mod response;
mod source;

use std::fmt;
use std::time::Duration;

pub use self::cause::BoxError;
pub(crate) use self::cause::sentence;
pub use self::config::ConfigError;
pub use self::gateway::GatewayError;
pub use self::http::{FieldError, HttpError};
pub use self::interaction::{InteractionError, InteractionErrorKind};
pub use self::json::JsonError;
pub use self::network::{NetworkError, NetworkErrorKind};
pub use self::rate_limit::{RateLimitError, RateLimitScope};
pub use self::response::Response;
pub use self::source::SourceError;

/// The result of smalld's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The other name of [`Error`], as SmallD for Python has it.
pub type SmallDError = Error;

/// Everything that can go wrong in smalld.
///
/// `Display` says what happened, why and what to do next. `Debug` adds the causes, because it is
/// what a `main` that returns the error prints. Neither shows the token.
#[non_exhaustive]
pub enum Error {
    /// Discord responded to a request with a status other than 2xx.
    Http(HttpError),
    /// A request got no response: the name did not resolve, the connection or TLS failed, or the time
    /// ran out.
    Network(NetworkError),
    /// A rate limit forbids the request or payload: it was not sent, or Discord refused it.
    RateLimit(RateLimitError),
    /// A configuration, or a request as it was described, cannot work.
    Config(ConfigError),
    /// The gateway connection ended and must not be made again, or a payload cannot be sent over it.
    Gateway(GatewayError),
    /// An answer to an interaction was not sent, because Discord would refuse it.
    Interaction(InteractionError),
    /// JSON cannot be written, or does not have the expected shape.
    Json(JsonError),
    /// A [source of events](crate::source::Source) failed, or its router could not pass on a payload.
    Source(SourceError),
}

impl Error {
    /// The method of the request that failed, such as `POST`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Http(error) => error.method(),
            Self::Network(error) => error.method(),
            Self::RateLimit(error) => error.method(),
            Self::Config(error) => error.method(),
            Self::Json(error) => error.method(),
            Self::Gateway(_) | Self::Interaction(_) | Self::Source(_) => None,
        }
    }

    /// The path of the request that failed; tokens in it are masked.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Http(error) => error.path(),
            Self::Network(error) => error.path(),
            Self::RateLimit(error) => error.path(),
            Self::Config(error) => error.path(),
            Self::Json(error) => error.path(),
            Self::Gateway(_) | Self::Interaction(_) | Self::Source(_) => None,
        }
    }

    /// The HTTP status, such as 404, of an [`Error::Http`].
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http(error) => Some(error.status()),
            _ => None,
        }
    }

    /// Discord's own error code, such as 50001, if its response has one.
    #[must_use]
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Http(error) => error.code,
            Self::RateLimit(error) => error.code,
            _ => None,
        }
    }

    /// How long to wait before trying again, for an [`Error::RateLimit`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimit(error) => Some(error.retry_after),
            _ => None,
        }
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config(ConfigError {
            method: None,
            path: None,
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

    /// Adds an explanation of a connection that was closed with this code.
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
            method: None,
            path: None,
            message: message.into(),
            source: Some(source.into()),
        })
    }

    pub(crate) fn source(message: impl Into<String>, source: Option<BoxError>) -> Self {
        Self::Source(SourceError {
            message: message.into(),
            source,
        })
    }

    /// A limit of the gateway.
    pub(crate) fn rate_limit(subject: &str, retry_after: Duration) -> Self {
        Self::RateLimit(RateLimitError::of_gateway(subject.into(), retry_after))
    }

    /// The struct inside, whose `Display` this enum uses.
    fn kind(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Self::Http(error) => error,
            Self::Network(error) => error,
            Self::RateLimit(error) => error,
            Self::Config(error) => error,
            Self::Gateway(error) => error,
            Self::Json(error) => error,
            Self::Interaction(error) => error,
            Self::Source(error) => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.kind(), f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind().source()
    }
}

macro_rules! from {
    ($($kind:ident($error:ty),)*) => { $(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$kind(error)
            }
        }
    )* };
}

from! {
    Http(HttpError),
    Network(NetworkError),
    RateLimit(RateLimitError),
    Config(ConfigError),
    Gateway(GatewayError),
    Interaction(InteractionError),
    Json(JsonError),
    Source(SourceError),
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

    #[test]
    fn every_kind_tells_its_request_and_its_causes() {
        let cause = std::io::Error::other("the disk is full");
        let json = JsonError::of_request("POST", "/x".into(), "no JSON".into(), cause);
        let config = ConfigError::of_request("PUT", "/y".into(), "no path".into());
        let limit = RateLimitError::of_request(
            "GET",
            "/z",
            Duration::from_secs(1),
            None,
            RateLimitScope::User,
        );
        for (error, text) in [
            (Error::from(json), "POST /x: no JSON: the disk is full"),
            (Error::from(config), "PUT /y: no path"),
            (
                Error::from(limit),
                "GET /z: rate limited for 1.000 s; try again then, or let requests wait with `RateLimits::Wait`",
            ),
        ] {
            assert_eq!(format!("{error:?}"), text);
            let subject = format!("{} {}", error.method().unwrap(), error.path().unwrap());
            assert!(text.starts_with(&subject), "{subject}");
        }
        let gateway = Error::gateway("closed");
        assert_eq!(
            (gateway.method(), gateway.path(), gateway.code()),
            (None, None, None)
        );
    }

    #[test]
    fn a_cause_that_is_its_own_cause_ends() {
        #[derive(Debug)]
        struct Circle;
        impl fmt::Display for Circle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("round")
            }
        }
        impl std::error::Error for Circle {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(self)
            }
        }
        assert_eq!(sentence(&Circle), "round");
    }
}
