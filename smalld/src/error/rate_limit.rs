//! Errors of rate limits.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A rate limit that forbids a request, or a payload for the gateway.
///
/// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitError {
    /// When the limit no longer applies.
    pub reset: SystemTime,
    /// How long that was when the error was created.
    pub retry_after: Duration,
    /// Discord's name of the bucket, if it is known.
    pub bucket: Option<Box<str>>,
    /// What is limited.
    pub scope: RateLimitScope,
    /// Whether all requests of the bot are limited, not just those of one bucket.
    pub global: bool,
    /// Discord's own code for it, such as 20028, if its response has one.
    pub code: Option<u64>,
    /// Discord's message, if it responded.
    pub message: Option<Box<str>>,
    /// What was limited: method and path, or the gateway.
    pub subject: Box<str>,
    is_request: bool,
}

/// What a rate limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitScope {
    /// This bot's requests of one bucket or route.
    User,
    /// All requests of this bot.
    Global,
    /// All bots' requests for one resource, such as a channel.
    Shared,
    /// All requests from this address, which Cloudflare, in front of Discord, has banned.
    Address,
    /// All requests from this address, because so many of the last ten minutes were invalid (401,
    /// 403, 429) that more would get it banned. smalld itself refuses to send them.
    InvalidRequests,
}

impl RateLimitError {
    pub(crate) fn of_request(
        method: &'static str,
        path: &str,
        retry_after: Duration,
        bucket: Option<Box<str>>,
        scope: RateLimitScope,
    ) -> Self {
        let subject = format!("{method} {path}").into();
        Self {
            bucket,
            is_request: true,
            ..Self::new(subject, retry_after, scope)
        }
    }

    /// A limit of the gateway.
    pub(crate) fn of_gateway(subject: Box<str>, retry_after: Duration) -> Self {
        Self::new(subject, retry_after, RateLimitScope::User)
    }

    fn new(subject: Box<str>, retry_after: Duration, scope: RateLimitScope) -> Self {
        let now = SystemTime::now();
        Self {
            reset: now.checked_add(retry_after).unwrap_or(now),
            retry_after,
            bucket: None,
            scope,
            global: !matches!(scope, RateLimitScope::User | RateLimitScope::Shared),
            code: None,
            message: None,
            subject,
            is_request: false,
        }
    }

    /// The request's method, such as `POST`; `None` for payloads of the gateway.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.request().map(|(method, _)| method)
    }

    /// The request's path, with tokens masked; `None` for payloads of the gateway.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.request().map(|(_, path)| path)
    }

    fn request(&self) -> Option<(&str, &str)> {
        self.subject.split_once(' ').filter(|_| self.is_request)
    }
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, seconds) = (&self.subject, self.retry_after.as_secs_f64());
        match self.scope {
            RateLimitScope::Address => {
                return write!(
                    f,
                    "{subject}: this address is banned from Discord's API for {seconds:.0} s, because too many invalid requests came from it, perhaps from another program; only waiting helps"
                );
            }
            RateLimitScope::InvalidRequests => {
                return write!(
                    f,
                    "{subject}: not sent: nearly 10,000 requests of the last ten minutes were invalid (401, 403, 429), at which Discord bans the address; fix what causes them, and try again in {seconds:.0} s"
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

impl std::error::Error for RateLimitError {}
