//! Option: waiting for rate limits, or failing at them.

/// What a request does if a known rate limit forbids it.
///
/// A [`SmallD`](crate::SmallD) and its clones count together. Two that are built with the same
/// token count separately and can exceed a limit together, so build one and clone it.
///
/// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimits {
    /// It fails with [`Error::RateLimit`](crate::Error::RateLimit), and nothing is sent. Only a window that is known to be
    /// used up refuses: while the first response of a bucket is in flight, other requests wait for it.
    #[default]
    Error,
    /// It waits, first come first served within a bucket.
    Wait,
    /// It is sent at once, because a proxy in front of Discord handles the limits. A 429 is still an [`Error::RateLimit`](crate::Error::RateLimit).
    Off,
}
