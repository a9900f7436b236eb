//! Client: what all requests of a bot share (connections, address, token and limiter).

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use reqwest::Client;
use reqwest::header::HeaderValue;

use crate::rest::base_url::Base;
use crate::rest::limiter::Limiter;
use crate::rest::limiter::permit::SharedLimiter;
use crate::rest::rate_limits::RateLimits;
use crate::rest::server_clock::ServerClock;

/// The REST client of a bot, shared by all clones.
#[derive(Clone)]
pub(crate) struct Rest(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) base: Base,
    /// `Bot` and the token, marked as a secret.
    pub(super) authorization: HeaderValue,
    /// The token, to mask it in messages.
    pub(super) token: Arc<str>,
    pub(super) rate_limits: RateLimits,
    pub(super) limiter: SharedLimiter,
    /// Whether odd rate limit headers have been logged.
    pub(super) warned_of_odd_headers: AtomicBool,
    pub(super) clock: ServerClock,
}

impl Rest {
    pub(crate) fn new(
        client: Client,
        base: Base,
        authorization: HeaderValue,
        rate_limits: RateLimits,
        global_limit: u32,
    ) -> Self {
        let token = authorization.to_str().unwrap_or_default();
        let token = token.strip_prefix("Bot ").unwrap_or(token).into();
        Self(Arc::new(Inner {
            client,
            base,
            authorization,
            token,
            rate_limits,
            limiter: Arc::new(Mutex::new(Limiter::new(global_limit))),
            warned_of_odd_headers: AtomicBool::new(false),
            clock: ServerClock::default(),
        }))
    }

    /// How long ago `time` was by Discord's clock, at least. `None` before the first response.
    pub(crate) fn min_age(&self, time: SystemTime) -> Option<Duration> {
        self.0.clock.min_age(time, SystemTime::now())
    }

    pub(crate) fn base(&self) -> &Base {
        &self.0.base
    }
}
