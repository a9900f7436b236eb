//! From a draft to a response: waits for its turn, sends, and judges what came back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{
    Error, HttpError, NetworkError, NetworkErrorKind, RateLimitError, RateLimitScope, Response,
    Result, sentence,
};
use crate::rest::client::Rest;
use crate::rest::draft::Draft;
use crate::rest::error_body::ErrorBody;
use crate::rest::limiter::decision::{Limited, Patience, Refusal};
use crate::rest::limiter::observation::{Observation, TooMany};
use crate::rest::limiter::permit::{Permit, lock};
use crate::rest::limiter::route::Kind;
use crate::rest::prepare::Prepared;
use crate::rest::rate_limits::RateLimits;
use crate::rest::retry::{self, Safety};
use crate::rest::transport::Attempt;

/// How often a request that got a 429 is sent again.
const MOST_LIMITED: u32 = 5;
/// Within which an interaction has to be answered; nobody hears an answer that comes later.
const TIME_TO_ANSWER: Duration = Duration::from_secs(3);
/// Discord's code for a webhook that is gone.
const UNKNOWN_WEBHOOK: u64 = 10_015;

impl Draft {
    /// From the draft to a response with a status of 2xx.
    pub(crate) async fn send(self) -> Result<Response> {
        let rest = self.rest.clone();
        let mode = self.rate_limits.unwrap_or(rest.0.rate_limits);
        let deadline = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let prepared = self.prepare()?;
        let permit = prepared.permit(&rest, mode, deadline);
        let sending = Sending {
            again_until: prepared.again_until(deadline),
            rest,
            prepared,
            deadline,
            permit,
            waits: mode == RateLimits::Wait,
        };
        sending.run().await
    }
}

/// A request on its way, over all of its attempts.
struct Sending {
    rest: Rest,
    prepared: Prepared,
    deadline: Option<Instant>,
    /// Until when another attempt is worth it.
    again_until: Option<Instant>,
    /// None where limits are not looked after here.
    permit: Option<Permit>,
    waits: bool,
}

/// What an attempt came to.
enum Outcome {
    Done(Response),
    Final(Error),
    Limited {
        until: Instant,
        scope: RateLimitScope,
        error: Error,
    },
    /// It may pass; `safe` where it cannot have arrived.
    Failed {
        safe: bool,
        error: Error,
    },
}

impl Sending {
    async fn run(mut self) -> Result<Response> {
        let (mut limited, mut failed) = (0, 0);
        self.wait_for_permit().await?;
        loop {
            match self.attempt().await {
                Outcome::Done(response) => return Ok(response),
                Outcome::Final(error) => return Err(error),
                Outcome::Limited {
                    until,
                    scope,
                    error,
                } => {
                    limited += 1;
                    if !self.is_worth_waiting(limited, until, scope) {
                        return Err(error);
                    }
                    self.wait_for_permit().await?;
                }
                Outcome::Failed { safe, error } => {
                    failed += 1;
                    let safe = safe || self.prepared.safety == Safety::Idempotent;
                    let wait = retry::wait(self.prepared.route.kind, failed, fastrand::f64());
                    let Some(wait) = wait.filter(|_| safe) else {
                        return Err(error);
                    };
                    if self.is_too_late(Instant::now() + wait) {
                        return Err(error);
                    }
                    tracing::warn!(target: "smalld", "{}; trying again in {wait:.1?}", sentence(&error));
                    tokio::time::sleep(wait).await;
                    // What a limit has to say now is not that nothing was sent before.
                    if self.wait_for_permit().await.is_err() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Whether a request that was just refused by a limit takes its place in the line again.
    fn is_worth_waiting(&self, limited: u32, until: Instant, scope: RateLimitScope) -> bool {
        let most = match self.prepared.route.kind {
            Kind::Callback => 1,
            _ => MOST_LIMITED,
        };
        let hopeless = scope == RateLimitScope::Address || limited > most;
        self.waits && !hopeless && !self.is_too_late(until)
    }

    fn is_too_late(&self, time: Instant) -> bool {
        self.again_until.is_some_and(|end| time > end)
    }

    async fn wait_for_permit(&mut self) -> Result<()> {
        let Some(permit) = &mut self.permit else {
            let barred = lock(&self.rest.0.limiter).barred(&self.prepared.route);
            return barred.map_or(Ok(()), |refusal| Err(self.prepared.refused(&refusal)));
        };
        let came = match self.deadline {
            None => permit.acquire().await,
            Some(deadline) => match tokio::time::timeout_at(deadline, permit.acquire()).await {
                Ok(came) => came,
                Err(_) => match permit.give_up() {
                    Some(refusal) => Err(refusal),
                    None => return Err(self.prepared.out_of_time()),
                },
            },
        };
        came.map_err(|refusal| self.prepared.refused(&refusal))
    }

    async fn attempt(&mut self) -> Outcome {
        match self.rest.attempt(&self.prepared, self.deadline).await {
            Ok(response) => self.judge(response),
            Err(Attempt::Broken(error)) => {
                if let Some(permit) = &mut self.permit {
                    permit.lose();
                }
                let safe = !error.may_have_arrived;
                let gives_up = error.kind == NetworkErrorKind::TooLarge;
                let error = Error::Network(error);
                if gives_up {
                    Outcome::Final(error)
                } else {
                    Outcome::Failed { safe, error }
                }
            }
            Err(Attempt::Impossible(error)) => Outcome::Final(error),
        }
    }

    /// Tells the limiter, and decides whether the caller is done.
    fn judge(&mut self, response: Response) -> Outcome {
        let body = match response.status {
            200..=299 | 304 => None,
            _ => Some(ErrorBody::parse(response.bytes())),
        };
        let limit = body.as_ref().and_then(ErrorBody::limit);
        let observed = Observation::new(&response, limit);
        let warned = &self.rest.0.told_of_odd_headers;
        if observed.limits.odd && !warned.swap(true, Ordering::Relaxed) {
            let path = &self.prepared.shown;
            tracing::warn!(target: "smalld", "{path}: rate limit headers that mean nothing were ignored");
        }
        self.count_invalid(&observed);
        let limited = match (&mut self.permit, &observed.too_many) {
            (Some(permit), _) => permit.observe(&observed),
            (None, Some(said)) => Some(unasked(said, &observed)),
            (None, None) => None,
        };
        let Some(body) = body else {
            return Outcome::Done(response);
        };
        if let Some(limited) = limited {
            return self.prepared.limited(&limited, body);
        }
        let passes = retry::passes(response.status);
        let error = self.prepared.http(body, response);
        let webhook_is_gone = error.response.status == 404 && error.code == Some(UNKNOWN_WEBHOOK);
        if webhook_is_gone {
            lock(&self.rest.0.limiter).webhook_is_gone(&self.prepared.route);
        }
        let error = Error::Http(error);
        if passes {
            Outcome::Failed { safe: false, error }
        } else {
            Outcome::Final(error)
        }
    }

    fn count_invalid(&self, observed: &Observation) {
        if !matches!(observed.status, 401 | 403 | 429) {
            return;
        }
        let now = Instant::now().into_std();
        let prepared = &self.prepared;
        let mut limiter = lock(&self.rest.0.limiter);
        let refuses_token = observed.status == 401 && prepared.route.judges_the_token();
        if refuses_token {
            limiter.refuse_token();
        }
        let count = limiter.count_invalid(observed.status, observed.limits.scope.as_deref(), now);
        drop(limiter);
        if refuses_token {
            tracing::error!(
                target: "smalld",
                "Discord refused the bot token (401); no further request is sent with it"
            );
        }
        if let Some(count) = count {
            tracing::warn!(
                target: "smalld",
                "{count} invalid requests (401, 403, 429) in ten minutes; Discord bans an address at 10,000"
            );
        }
    }
}

/// What a 429 says if the limiter is not asked.
fn unasked(said: &TooMany, observed: &Observation) -> Limited {
    let wait = said.retry_after.unwrap_or(Duration::from_secs(1));
    Limited {
        until: Instant::now().into_std() + wait,
        bucket: observed.limits.bucket.as_deref().map(Arc::from),
        scope: said.scope,
    }
}

impl Prepared {
    fn permit(&self, rest: &Rest, mode: RateLimits, deadline: Option<Instant>) -> Option<Permit> {
        let patience = match (mode, deadline) {
            (RateLimits::Off, _) => return None,
            (RateLimits::Error, _) => Patience::None,
            (RateLimits::Wait, None) => Patience::Endless,
            (RateLimits::Wait, Some(deadline)) => Patience::Until(deadline.into_std()),
        };
        let limiter = Arc::clone(&rest.0.limiter);
        Some(Permit::new(limiter, self.route.clone(), patience))
    }

    fn again_until(&self, deadline: Option<Instant>) -> Option<Instant> {
        let answer = Instant::now() + TIME_TO_ANSWER;
        match (self.route.kind, deadline) {
            (Kind::Callback, Some(deadline)) => Some(deadline.min(answer)),
            (Kind::Callback, None) => Some(answer),
            (_, deadline) => deadline,
        }
    }

    fn limited(&self, limited: &Limited, body: ErrorBody) -> Outcome {
        let mut error = self.rate_limit(limited);
        if limited.scope == RateLimitScope::Address {
            tracing::error!(target: "smalld", "{error}");
        }
        (error.code, error.message) = body.into_code_and_message();
        Outcome::Limited {
            until: Instant::from_std(limited.until),
            scope: limited.scope,
            error: Error::RateLimit(error),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Error {
        match refusal {
            Refusal::Limited(limited) => Error::RateLimit(self.rate_limit(limited)),
            Refusal::TokenRefused => Error::config(format!(
                "{} {}: not sent, because Discord refused the bot token before (401); copy it anew \
                 from the developer portal (Bot, Reset Token) and start the bot again",
                self.method, self.shown
            )),
            Refusal::WebhookGone => {
                let body = format!(r#"{{"message":"Unknown Webhook","code":{UNKNOWN_WEBHOOK}}}"#);
                let response = Response::new(404, Vec::new(), body.into_bytes());
                Error::Http(self.http(ErrorBody::parse(response.bytes()), response))
            }
        }
    }

    fn rate_limit(&self, limited: &Limited) -> RateLimitError {
        let wait = limited
            .until
            .saturating_duration_since(Instant::now().into_std());
        RateLimitError::new(
            format!("{} {}", self.method, self.shown).into(),
            wait,
            limited.bucket.as_deref().map(Into::into),
            limited.scope,
        )
    }

    fn out_of_time(&self) -> Error {
        let (method, path) = (self.method_name(), self.shown.clone());
        let kind = NetworkErrorKind::Timeout;
        Error::Network(NetworkError::new(method, path, kind, false, None))
    }

    fn http(&self, body: ErrorBody, response: Response) -> HttpError {
        body.into_http_error(self.method_name(), self.shown.clone(), response)
    }
}
