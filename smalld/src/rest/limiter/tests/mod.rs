//! Decisions of the limiter at given instants. Tests named `case_NN` are cases of `CONFORMANCE.md`;
//! times are in seconds.

mod buckets;
mod odd;
mod simulation;
mod too_many;

use std::task::Waker;
use std::time::{Duration, Instant};

use crate::error::RateLimitScope as Scope;
use crate::error::Response;
use crate::rest::error_body::ErrorBody;
use crate::rest::limiter::admit::{Claim, Limiter};
use crate::rest::limiter::buckets::MIN_SWEEP;
use crate::rest::limiter::decision::{Decision, Limited, Patience, Refusal};
use crate::rest::limiter::headers::LimitHeaders;
use crate::rest::limiter::observation::Observation;
use crate::rest::limiter::route::Route;

const WAKER: &Waker = Waker::noop();
/// Added to every wait.
const MARGIN: f64 = 0.05;

type Asked = (&'static str, &'static str);

const POST_A: Asked = ("POST", "/channels/1/messages");
const POST_B: Asked = ("POST", "/channels/2/messages");
const GET_A: Asked = ("GET", "/channels/1/messages");
const RENAME_A: Asked = ("PATCH", "/channels/1");
const CALLBACK: Asked = ("POST", "/interactions/7/token/callback");
const FOLLOW_UP: Asked = ("POST", "/webhooks/9/aW50ZXJhY3Rpb246MTUx");

fn at(start: Instant, seconds: f64) -> Instant {
    start + Duration::from_secs_f64(seconds)
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Response::new(status, headers.collect(), body.as_bytes().to_vec())
}

/// A 200 with rate limit headers, from the form `hash limit/remaining reset-after`.
fn ok(h: &str) -> Response {
    with(200, h, &[], "")
}

/// A response with these rate limit headers, other headers, and a body.
fn with(status: u16, h: &str, more: &[(&str, &str)], body: &str) -> Response {
    let (hash, rest) = h.split_once(' ').unwrap();
    let (counts, after) = rest.split_once(' ').unwrap();
    let (limit, remaining) = counts.split_once('/').unwrap();
    let mut headers = vec![
        ("x-ratelimit-bucket", hash),
        ("x-ratelimit-limit", limit),
        ("x-ratelimit-remaining", remaining),
        ("x-ratelimit-reset-after", after),
    ];
    headers.extend(more);
    response(status, &headers, body)
}

fn limited_for(seconds: &str) -> String {
    format!(r#"{{"message":"x","retry_after":{seconds},"global":false}}"#)
}

struct Client {
    limiter: Limiter,
    start: Instant,
}

impl Client {
    fn new() -> Self {
        Self::with_global_limit(50)
    }

    fn with_global_limit(limit: u32) -> Self {
        Self {
            limiter: Limiter::new(limit),
            start: Instant::now(),
        }
    }

    fn asks(&mut self, (method, path): (&str, &str)) -> Claim {
        let route = Route::new(method, path);
        self.limiter.claim(route, Patience::Endless)
    }

    fn several(&mut self, asked: (&str, &str), count: usize) -> Vec<Claim> {
        (0..count).map(|_| self.asks(asked)).collect()
    }

    fn answer(&mut self, claim: &mut Claim, seconds: f64) -> Decision {
        self.limiter.ask(claim, at(self.start, seconds), WAKER)
    }

    fn leaves(&mut self, claim: &mut Claim, seconds: f64) -> bool {
        self.answer(claim, seconds) == Decision::Leave
    }

    /// How many of these may be sent, if each asks once, in order.
    fn leaving(&mut self, claims: &mut [Claim], seconds: f64) -> usize {
        let answers = claims.iter_mut().map(|claim| self.leaves(claim, seconds));
        answers.filter(|&leaves| leaves).count()
    }

    fn hears(&mut self, claim: &mut Claim, response: &Response, seconds: f64) -> Option<Limited> {
        let body = ErrorBody::parse(response.bytes());
        let observed = Observation::new(response, body.limit());
        self.limiter
            .observe(claim, &observed, at(self.start, seconds))
    }

    /// Sends a request at this time that gets no response.
    #[track_caller]
    fn sends(&mut self, asked: (&str, &str), seconds: f64) -> Claim {
        let mut claim = self.asks(asked);
        assert_eq!(
            self.answer(&mut claim, seconds),
            Decision::Leave,
            "{asked:?}"
        );
        claim
    }

    /// Sends a request at this time that gets its response at once.
    #[track_caller]
    fn exchange(
        &mut self,
        asked: (&str, &str),
        response: &Response,
        seconds: f64,
    ) -> Option<Limited> {
        let mut claim = self.sends(asked, seconds);
        self.hears(&mut claim, response, seconds)
    }

    /// Checks both modes: a request that waits has to wait until this time, and one that does not
    /// wait is refused with the same time.
    #[track_caller]
    fn may_not_leave_before(&mut self, asked: (&str, &str), seconds: f64, until: f64) {
        let until = at(self.start, until);
        let mut patient = self.asks(asked);
        let answer = self.answer(&mut patient, seconds);
        assert_eq!(answer, Decision::Wait(Some(until)), "{asked:?}");
        self.limiter.quit(&mut patient);
        let limited = self.refused(asked, seconds);
        assert_eq!(limited.until, until, "{asked:?}");
    }

    /// The limit for which a request that does not wait is refused.
    #[track_caller]
    fn refused(&mut self, (method, path): (&str, &str), seconds: f64) -> Limited {
        let route = Route::new(method, path);
        let mut claim = self.limiter.claim(route, Patience::None);
        match self.answer(&mut claim, seconds) {
            Decision::Refuse(Refusal::Limited(limited)) => limited,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    /// How many requests may be sent one after another at this time.
    fn room(&mut self, asked: (&str, &str), seconds: f64) -> usize {
        let mut claims = self.several(asked, 100);
        let left = self.leaving(&mut claims, seconds);
        self.gone(&mut claims);
        left
    }

    /// Drops the futures of these requests.
    fn gone(&mut self, claims: &mut [Claim]) {
        for claim in claims {
            self.limiter.quit(claim);
        }
    }
}
