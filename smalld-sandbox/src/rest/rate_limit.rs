//! Rate limits: a fixed window for each bucket and top-level resource, begun by its first request,
//! and one global window. See [Discord Docs/Rate Limits].
//!
//! [Discord Docs/Rate Limits]: https://discord.com/developers/docs/topics/rate-limits

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::bucket::Bucket;

/// The window of the global limit.
const GLOBAL_WINDOW: Duration = Duration::from_secs(1);
/// How many windows may be open before those that are over are removed.
const MAX_WINDOWS: usize = 1000;

/// How many requests fit into a window, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) requests: u32,
    pub(crate) window: Duration,
}

#[derive(Debug)]
pub(crate) struct RateLimits {
    global: Limit,
    global_window: Option<Window>,
    buckets: HashMap<(String, Option<String>), Window>,
    is_off: bool,
    /// The 429s that were planned, in order.
    planned: VecDeque<(Scope, Duration)>,
}

/// What the limit of a planned 429 is about; see
/// [`Sandbox::rate_limit_next`](crate::Sandbox::rate_limit_next).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// The bot made too many requests of one bucket.
    User,
    /// Others and the bot together made too many requests of one resource.
    Shared,
    /// The bot made too many requests over all routes.
    Global,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
        }
    }
}

#[derive(Debug)]
struct Window {
    limit: Limit,
    used: u32,
    ends: Instant,
}

/// Decision of the limits about a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The limits are off.
    Unlimited,
    Granted(Standing),
    /// 429 for the bucket, or as it was planned for one.
    Refused(Standing, Scope),
    /// 429 for all requests.
    RefusedGlobally {
        retry_after: Duration,
    },
}

/// State of a bucket after a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Standing {
    hash: String,
    limit: u32,
    remaining: u32,
    reset_after: Duration,
}

impl RateLimits {
    /// With this many requests a second over all routes.
    pub(crate) fn new(global: u32) -> Self {
        Self {
            global: Limit {
                requests: global,
                window: GLOBAL_WINDOW,
            },
            global_window: None,
            buckets: HashMap::new(),
            is_off: false,
            planned: VecDeque::new(),
        }
    }

    /// Limits nothing except planned requests.
    pub(crate) fn off() -> Self {
        Self {
            is_off: true,
            ..Self::new(u32::MAX)
        }
    }

    /// Refuses one of the next requests, whatever the limits say.
    pub(crate) fn plan(&mut self, scope: Scope, retry_after: Duration) {
        self.planned.push_back((scope, retry_after));
    }

    pub(crate) fn admit(&mut self, bucket: &Bucket, now: Instant) -> Verdict {
        if let Some((scope, retry_after)) = self.planned.pop_front() {
            return Verdict::planned(bucket, scope, retry_after);
        }
        if self.is_off {
            return Verdict::Unlimited;
        }
        if bucket.is_global {
            let window = Window::at(&mut self.global_window, self.global, now);
            if !window.take() {
                return Verdict::RefusedGlobally {
                    retry_after: window.ends - now,
                };
            }
        }
        if self.buckets.len() > MAX_WINDOWS {
            self.buckets.retain(|_, window| window.ends > now);
        }
        let key = (bucket.name.clone(), bucket.top_level.clone());
        let window = self
            .buckets
            .entry(key)
            .or_insert_with(|| Window::new(bucket.limit, now));
        if window.ends <= now {
            *window = Window::new(bucket.limit, now);
        }
        let granted = window.take();
        let standing = window.standing(hash(&bucket.name), now);
        if granted {
            Verdict::Granted(standing)
        } else {
            Verdict::Refused(standing, Scope::User)
        }
    }
}

impl Verdict {
    fn planned(bucket: &Bucket, scope: Scope, retry_after: Duration) -> Self {
        if scope == Scope::Global {
            return Self::RefusedGlobally { retry_after };
        }
        let standing = Standing {
            hash: hash(&bucket.name),
            limit: bucket.limit.requests,
            remaining: 0,
            reset_after: round_up(retry_after),
        };
        Self::Refused(standing, scope)
    }

    /// Header names and values; `now_millis` is the wall clock's.
    pub(crate) fn headers(&self, now_millis: u64) -> Vec<(&'static str, String)> {
        match self {
            Self::Unlimited => Vec::new(),
            Self::Granted(standing) => standing.headers(now_millis),
            Self::Refused(standing, scope) => {
                let mut headers = standing.headers(now_millis);
                headers.push(("retry-after", whole_seconds(standing.reset_after)));
                headers.push(("x-ratelimit-scope", scope.name().to_owned()));
                headers
            }
            Self::RefusedGlobally { retry_after } => vec![
                ("retry-after", whole_seconds(*retry_after)),
                ("x-ratelimit-global", "true".to_owned()),
                ("x-ratelimit-scope", "global".to_owned()),
            ],
        }
    }

    /// The body of the 429, if it is one.
    pub(crate) fn refusal(&self) -> Option<Value> {
        let (retry_after, global) = match self {
            Self::Unlimited | Self::Granted(_) => return None,
            Self::Refused(standing, _) => (standing.reset_after, false),
            Self::RefusedGlobally { retry_after } => (*retry_after, true),
        };
        let retry_after = retry_after.as_secs_f64();
        let message = "You are being rate limited.";
        Some(json!({ "message": message, "retry_after": retry_after, "global": global }))
    }
}

impl Standing {
    fn headers(&self, now_millis: u64) -> Vec<(&'static str, String)> {
        let after = millis(self.reset_after);
        vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            (
                "x-ratelimit-reset",
                seconds(now_millis.saturating_add(after)),
            ),
            ("x-ratelimit-reset-after", seconds(after)),
            ("x-ratelimit-bucket", self.hash.clone()),
        ]
    }
}

impl Window {
    fn new(limit: Limit, now: Instant) -> Self {
        Self {
            limit,
            used: 0,
            ends: now + limit.window,
        }
    }

    /// The current window, a new one if the last is over.
    fn at(place: &mut Option<Self>, limit: Limit, now: Instant) -> &mut Self {
        *place = place.take().filter(|window| window.ends > now);
        place.get_or_insert_with(|| Self::new(limit, now))
    }

    fn take(&mut self) -> bool {
        let free = self.used < self.limit.requests;
        self.used += u32::from(free);
        free
    }

    fn standing(&self, hash: String, now: Instant) -> Standing {
        Standing {
            hash,
            limit: self.limit.requests,
            remaining: self.limit.requests - self.used,
            reset_after: round_up(self.ends - now),
        }
    }
}

/// Hash of a bucket, which only shows whether two are the same, as on Discord.
fn hash(name: &str) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, name).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

/// To whole milliseconds, so that a client which waits that long does not come too early.
fn round_up(time: Duration) -> Duration {
    Duration::from_millis(millis(time) + u64::from(!time.subsec_nanos().is_multiple_of(1_000_000)))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

fn whole_seconds(time: Duration) -> String {
    time.as_millis().div_ceil(1000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str, requests: u32) -> Bucket {
        let limit = Limit {
            requests,
            window: Duration::from_secs(5),
        };
        Bucket {
            name: name.to_owned(),
            top_level: None,
            limit,
            is_global: true,
        }
    }

    fn header(verdict: &Verdict, name: &str) -> Option<String> {
        let mut headers = verdict.headers(1_800_000_000_000).into_iter();
        headers
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    #[test]
    fn a_window_begins_with_its_first_request() {
        let (mut limits, bucket, start) = (RateLimits::new(50), bucket("a", 2), Instant::now());
        let first = limits.admit(&bucket, start);
        assert_eq!(
            header(&first, "x-ratelimit-remaining").as_deref(),
            Some("1")
        );
        assert_eq!(
            header(&first, "x-ratelimit-reset").as_deref(),
            Some("1800000005.000")
        );
        let later = start + Duration::from_millis(1250);
        let second = limits.admit(&bucket, later);
        assert_eq!(
            header(&second, "x-ratelimit-reset-after").as_deref(),
            Some("3.750")
        );
        let third = limits.admit(&bucket, later);
        assert_eq!(header(&third, "retry-after").as_deref(), Some("4"));
        assert_eq!(
            third.refusal().map(|body| body["retry_after"].clone()),
            Some(json!(3.75))
        );
        assert!(matches!(
            limits.admit(&bucket, start + Duration::from_secs(5)),
            Verdict::Granted(_)
        ));
    }

    #[test]
    fn the_global_limit_is_fifty_in_a_second() {
        let (mut limits, start) = (RateLimits::new(50), Instant::now());
        for _ in 0..50 {
            assert!(matches!(
                limits.admit(&bucket("a", 99), start),
                Verdict::Granted(_)
            ));
        }
        let refused = limits.admit(&bucket("b", 99), start);
        assert_eq!(
            header(&refused, "x-ratelimit-scope").as_deref(),
            Some("global")
        );
        assert_eq!(
            refused.refusal().map(|body| body["global"].clone()),
            Some(json!(true))
        );
        assert!(matches!(
            limits.admit(&bucket("b", 99), start + Duration::from_secs(1)),
            Verdict::Granted(_)
        ));
    }

    #[test]
    fn buckets_have_their_own_windows_and_hashes() {
        let (mut limits, now) = (RateLimits::new(50), Instant::now());
        let first = limits.admit(&bucket("a", 1), now);
        let second = limits.admit(&bucket("b", 1), now);
        assert!(matches!(second, Verdict::Granted(_)));
        assert_ne!(
            header(&first, "x-ratelimit-bucket"),
            header(&second, "x-ratelimit-bucket")
        );
    }

    #[test]
    fn a_planned_429_comes_once_and_with_its_scope() {
        let (mut limits, now) = (RateLimits::off(), Instant::now());
        limits.plan(Scope::Shared, Duration::from_millis(1500));
        limits.plan(Scope::Global, Duration::from_secs(3));
        let shared = limits.admit(&bucket("a", 5), now);
        assert_eq!(
            header(&shared, "x-ratelimit-scope").as_deref(),
            Some("shared")
        );
        assert_eq!(header(&shared, "retry-after").as_deref(), Some("2"));
        let global = limits.admit(&bucket("a", 5), now);
        assert_eq!(
            header(&global, "x-ratelimit-global").as_deref(),
            Some("true")
        );
        let unlimited = limits.admit(&bucket("a", 5), now);
        assert_eq!(unlimited, Verdict::Unlimited);
        assert!(unlimited.headers(0).is_empty());
    }
}
