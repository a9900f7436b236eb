//! The one error type, its kinds, and how a chain of causes becomes a sentence.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::rest::Response;

/// An error of any type, as handlers may return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

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

/// A status other than 2xx. See [Discord Docs/Error Messages](https://discord.com/developers/docs/reference#error-messages).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpError {
    /// The request's method, such as `POST`.
    pub method: &'static str,
    /// The request's path; webhook and interaction tokens in it are masked.
    pub path: String,
    /// The whole response.
    pub response: Response,
    /// Discord's own error code, such as 50001, where the body has one.
    pub code: Option<u64>,
    /// Discord's words for it, where the body has any.
    pub message: Option<Box<str>>,
    /// What was wrong with which field of the payload (code 50035).
    pub fields: Vec<FieldError>,
}

/// One field that Discord found at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Where in the payload, such as `embeds[0].fields[2].name`; empty for the payload itself.
    pub path: String,
    /// Discord's code, such as `BASE_TYPE_REQUIRED`.
    pub code: String,
    /// Discord's words.
    pub message: String,
}

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
    source: Option<BoxError>,
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

/// A rate limit. See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitError {
    /// When the limit no longer applies.
    pub reset: SystemTime,
    /// How long that is from when the error was made.
    pub retry_after: Duration,
    /// Discord's name of the bucket, where it is known.
    pub bucket: Option<Box<str>>,
    /// Whom the limit concerns.
    pub scope: RateLimitScope,
    /// Whether all requests of the bot are limited, not just those of one bucket.
    pub global: bool,
    /// Discord's own code for it, such as 20028, where its answer has one.
    pub code: Option<u64>,
    /// Discord's words for it, where it answered.
    pub message: Option<Box<str>>,
    /// What was limited: method and path, or the gateway.
    pub subject: Box<str>,
    /// Whether `RateLimits::Wait` would have waited: it is for requests alone.
    is_request: bool,
}

/// Whom a rate limit concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitScope {
    /// This bot's requests of one bucket or route.
    User,
    /// All requests of this bot.
    Global,
    /// Everybody's requests for one resource, such as a channel.
    Shared,
    /// Everything from this address, which Discord's guard has banned.
    Address,
    /// Everything from here, because so many requests were invalid (401, 403, 429) of late that
    /// more would have Discord ban the address. smalld itself refuses to send them.
    InvalidRequests,
}

/// A configuration that cannot work.
#[derive(Clone, Debug)]
pub struct ConfigError {
    message: String,
}

/// The gateway ended for good, or cannot take a payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayError {
    /// Discord's close code, where it closed with one.
    pub close_code: Option<u16>,
    /// The shard, as `(id, count)`, where one is concerned.
    pub shard: Option<(u32, u32)>,
    message: String,
}

/// JSON that could not be written or read.
#[derive(Debug)]
pub struct JsonError {
    message: String,
    source: Option<BoxError>,
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

impl RateLimitError {
    pub(crate) fn new(
        subject: Box<str>,
        retry_after: Duration,
        bucket: Option<Box<str>>,
        scope: RateLimitScope,
    ) -> Self {
        let now = SystemTime::now();
        Self {
            reset: now.checked_add(retry_after).unwrap_or(now),
            retry_after,
            bucket,
            scope,
            global: !matches!(scope, RateLimitScope::User | RateLimitScope::Shared),
            code: None,
            message: None,
            subject,
            is_request: true,
        }
    }
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

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.response.status;
        write!(f, "{} {}: {status}", self.method, self.path)?;
        let body = shortened(&self.response.text());
        // Discord's words for some errors begin with the status that stands there already.
        let message = self.message.as_deref();
        let prefix = format!("{status}: ");
        let message = message.map(|words| words.strip_prefix(&prefix).unwrap_or(words));
        match (message, self.code) {
            (Some(message), Some(code)) if code != 0 => write!(f, " {message} ({code})")?,
            (Some(message), _) => write!(f, " {message}")?,
            (None, _) if body.is_empty() => {}
            (None, _) => write!(f, " {body}")?,
        }
        if let Some(advice) = advice(self.response.status, self.code) {
            write!(f, "; {advice}")?;
        }
        for field in &self.fields {
            let path = if field.path.is_empty() {
                "the payload"
            } else {
                &field.path
            };
            write!(f, "\n  {path}: {}: {}", field.code, field.message)?;
        }
        Ok(())
    }
}

/// What to do about the errors that bots meet most and that do not say it themselves.
fn advice(status: u16, code: Option<u64>) -> Option<&'static str> {
    Some(match (status, code) {
        (401, _) => {
            "Discord does not know this token: copy it anew from the developer portal (Bot, Reset Token)"
        }
        (_, Some(10_014)) => {
            "an emoji in a path is percent-encoded, as `path!` does, and a custom one is `name:id`"
        }
        (_, Some(10_015)) => {
            "the webhook was deleted, or the interaction is over or not answered yet; a webhook that is gone is not called again"
        }
        (_, Some(10_062)) => "an interaction must be answered within 3 seconds of its event",
        (_, Some(40_060)) => "an interaction takes one answer; edit it, or post a follow-up",
        (_, Some(40_333)) => {
            "Discord's guard blocked the request: is something between changing the `User-Agent`?"
        }
        (_, Some(50_001)) => "is the bot in that guild, and may it view the channel?",
        (_, Some(50_013)) => "give the bot's role the permission, above the roles that it acts on",
        _ => return None,
    })
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

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, seconds) = (&self.subject, self.retry_after.as_secs_f64());
        match self.scope {
            RateLimitScope::Address => {
                return write!(
                    f,
                    "{subject}: this address is banned from Discord's API for {seconds:.0} s: too many invalid requests came from it, perhaps from another program; only waiting helps"
                );
            }
            RateLimitScope::InvalidRequests => {
                return write!(
                    f,
                    "{subject}: not sent: nearly 10,000 requests of the last ten minutes were invalid (401, 403, 429), at which Discord bans the address; mend what causes them, and try again in {seconds:.0} s"
                );
            }
            RateLimitScope::Global => write!(f, "{subject}: globally rate limited")?,
            RateLimitScope::Shared => write!(f, "{subject}: rate limited together with others")?,
            RateLimitScope::User => write!(f, "{subject}: rate limited")?,
        }
        write!(f, " for {seconds:.3} s")?;
        if let (Some(code), Some(message)) = (self.code, &self.message) {
            write!(f, " ({code}: {message})")?;
        }
        f.write_str(if self.is_request {
            "; try again then, or let requests wait with `RateLimits::Wait`"
        } else {
            "; it was not sent, try again then"
        })
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((id, count)) = self.shard.filter(|&(_, count)| count > 1) {
            write!(f, "shard {id} of {count}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// An error and its causes in one line, each said once.
pub(crate) fn sentence(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.contains(&words) {
            said.push_str(": ");
            said.push_str(&words);
        }
        cause = error.source();
    }
    said
}

/// A body that is not Discord's JSON (a proxy's page, say), short enough for a log line.
fn shortened(body: &str) -> String {
    const MOST: usize = 200;
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
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

    #[test]
    fn a_page_of_html_becomes_a_line() {
        let page = format!("<html>\n  <p>{}</p>", "x".repeat(1000));
        let line = shortened(&page);
        assert!(
            line.starts_with("<html> <p>xxx") && line.chars().count() <= 201,
            "{line}"
        );
    }
}
