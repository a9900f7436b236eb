//! Rate limits.

use std::fmt;
use std::time::{Duration, SystemTime};

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
    pub(super) is_request: bool,
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
