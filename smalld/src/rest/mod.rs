//! REST: from a request to its answer. Waits or refuses as the limiter says, tries again what is
//! worth it, and turns everything else into an error that says what happened. `docs/REST.md` has the
//! rules in whole sentences, and the figures.

mod attachment;
mod base_url;
mod blocking;
mod error_body;
mod limiter;
mod path;
mod prepare;
mod request;
mod retry;
mod send;
mod transport;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use reqwest::header::HeaderValue;
use reqwest::{Client, Method};

pub use self::attachment::Attachment;
pub use self::path::{Path, PathValue, path, path_value};
pub use self::request::Request;
pub use crate::error::Response;

pub(crate) use self::base_url::{Base, DISCORD};

use self::limiter::Limiter;
use self::limiter::permit::Shared;

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

/// Sends requests; shared by all clones.
#[derive(Clone)]
pub(crate) struct Rest(Arc<Inner>);

struct Inner {
    client: Client,
    base: Base,
    /// `Bot` and the token, marked as a secret.
    authorization: HeaderValue,
    rate_limits: RateLimits,
    limiter: Shared,
    told_of_odd_headers: AtomicBool,
}

impl Rest {
    pub(crate) fn new(
        client: Client,
        base: Base,
        authorization: HeaderValue,
        rate_limits: RateLimits,
        global_limit: u32,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            base,
            authorization,
            rate_limits,
            limiter: Arc::new(Mutex::new(Limiter::new(global_limit))),
            told_of_odd_headers: AtomicBool::new(false),
        }))
    }

    pub(crate) fn base(&self) -> &Base {
        &self.0.base
    }

    pub(crate) fn request(&self, method: Method, path: impl Into<Path>) -> Request {
        Request::new(self, method, path.into())
    }
}
