//! The choice between waiting for rate limits and failing by them.

/// What a request does where a known rate limit forbids it.
///
/// Limits are counted by each [`SmallD`](crate::SmallD) and its clones. Two that are built for the
/// same token do not know of each other and can exceed a limit together: share one.
///
/// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimits {
    /// It fails with [`Error::RateLimit`](crate::Error::RateLimit), and nothing is sent. Only a window that is known to be
    /// used up refuses: while the first answer of a bucket is under way, others wait for it.
    #[default]
    Error,
    /// It waits for its turn, first come first served within a bucket.
    Wait,
    /// It is sent at once: a proxy before Discord looks after the limits. A 429 that comes all the
    /// same is an [`Error::RateLimit`](crate::Error::RateLimit).
    Off,
}
