//! Sending of a request: acquires a permit, sends, and judges the response, as often as needed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::error::{
    ConfigError, Error, HttpError, NetworkError, NetworkErrorKind, RateLimitError, RateLimitScope,
    Response, Result, sentence,
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
use crate::rest::transport::Failure;

/// How often a request is sent again after a 429.
const MAX_RETRIES_AFTER_429: u32 = 5;
/// An interaction has to be answered within this time.
const INTERACTION_TIMEOUT: Duration = Duration::from_secs(3);
/// Discord's code for a webhook that does not exist.
const UNKNOWN_WEBHOOK: u64 = 10_015;
/// The wait if a 429 gives none.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request under way. It is boxed, so that its code is compiled once, and not for each type that is
/// read from a response.
pub(crate) type Sent = Pin<Box<dyn Future<Output = Result<Answered>> + Send>>;

/// A response with a status of 2xx or 304.
pub(crate) struct Answered {
    pub(crate) response: Response,
    /// Method and path of the request, for errors.
    request: Option<(&'static str, String)>,
}

impl Answered {
    /// Reads the body.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.response.json().map_err(|error| match error {
            Error::Json(mut error) => {
                (error.method, error.path) = self.request.unzip();
                Error::Json(error)
            }
            error => error,
        })
    }
}

impl Draft {
    pub(crate) fn send(mut self) -> Sent {
        match self.via.take() {
            Some(via) => Box::pin(async {
                let response = via(self).await?;
                let request = None;
                Ok(Answered { response, request })
            }),
            None => Box::pin(self.answered()),
        }
    }

    async fn answered(self) -> Result<Answered> {
        let mut sending = self.start()?;
        let sent = sending.run().await;
        let Sending {
            prepared, permit, ..
        } = sending;
        drop(permit);
        let_others_go_on().await;
        Ok(Answered {
            response: sent?,
            request: Some((prepared.method_name(), prepared.shown)),
        })
    }

    fn start(self) -> Result<Sending> {
        let rest = self.rest.clone();
        let mode = self.rate_limits.unwrap_or(rest.0.rate_limits);
        let deadline = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let prepared = self.prepare()?;
        Ok(Sending {
            permit: prepared.permit(&rest, mode, deadline),
            retry_until: prepared.retry_until(deadline),
            rest,
            prepared,
            deadline,
            waits: mode == RateLimits::Wait,
        })
    }
}

/// Lets other threads run the tasks that the end of a request has woken: that of the HTTP
/// connection, and a request that waits for the limiter. tokio keeps the last of them for this
/// thread (tokio-rs/tokio#4941), so it would have to wait if the caller blocked the thread now.
async fn let_others_go_on() {
    tokio::task::yield_now().await;
}

/// A request over all of its attempts.
struct Sending {
    rest: Rest,
    prepared: Prepared,
    deadline: Option<Instant>,
    /// Deadline for further attempts.
    retry_until: Option<Instant>,
    /// `None` with `RateLimits::Off`.
    permit: Option<Permit>,
    waits: bool,
}

/// The result of an attempt.
enum Attempt {
    Done(Response),
    /// An error that another attempt would not change.
    Final(Error),
    Limited {
        until: Instant,
        scope: RateLimitScope,
        error: Error,
    },
    /// A temporary failure.
    Failed {
        /// Whether the request cannot have arrived.
        is_safe: bool,
        error: Error,
    },
}

impl Sending {
    async fn run(&mut self) -> Result<Response> {
        let (mut limited, mut failed) = (0, 0);
        self.acquire_permit().await?;
        loop {
            match self.attempt().await {
                Attempt::Done(response) => return Ok(response),
                Attempt::Final(error) => return Err(error),
                Attempt::Limited {
                    until,
                    scope,
                    error,
                } => {
                    limited += 1;
                    if !self.is_worth_waiting(limited, until, scope) {
                        return Err(error);
                    }
                    self.acquire_permit().await?;
                }
                Attempt::Failed { is_safe, error } => {
                    failed += 1;
                    let is_safe = is_safe || self.prepared.safety == Safety::Idempotent;
                    let wait = retry::wait(self.prepared.route.kind, failed, fastrand::f64());
                    let Some(wait) = wait.filter(|_| is_safe) else {
                        return Err(error);
                    };
                    if self.is_too_late(Instant::now() + wait) {
                        return Err(error);
                    }
                    tracing::warn!(target: "smalld", "{}; trying again in {wait:.1?}", sentence(&error));
                    tokio::time::sleep(wait).await;
                    // The caller must see the failure, because the request may have arrived.
                    if self.acquire_permit().await.is_err() {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Whether a request that was refused by a limit waits for it.
    fn is_worth_waiting(&self, limited: u32, until: Instant, scope: RateLimitScope) -> bool {
        let max_retries = match self.prepared.route.kind {
            Kind::Callback => 1,
            _ => MAX_RETRIES_AFTER_429,
        };
        let is_hopeless = scope == RateLimitScope::Address || limited > max_retries;
        self.waits && !is_hopeless && !self.is_too_late(until)
    }

    fn is_too_late(&self, time: Instant) -> bool {
        self.retry_until.is_some_and(|end| time > end)
    }

    async fn acquire_permit(&mut self) -> Result<()> {
        let Some(permit) = &mut self.permit else {
            let barred = lock(&self.rest.0.limiter).barred(&self.prepared.route);
            return barred.map_or(Ok(()), |refusal| Err(self.prepared.refused(&refusal)));
        };
        let acquired = match self.deadline {
            None => permit.acquire().await,
            Some(deadline) => match tokio::time::timeout_at(deadline, permit.acquire()).await {
                Ok(acquired) => acquired,
                Err(_) => match permit.give_up() {
                    Some(refusal) => Err(refusal),
                    None => return Err(self.prepared.timed_out()),
                },
            },
        };
        acquired.map_err(|refusal| self.prepared.refused(&refusal))
    }

    async fn attempt(&mut self) -> Attempt {
        match self.rest.exchange(&self.prepared, self.deadline).await {
            Ok(response) => self.judge(response),
            Err(Failure::Network(error)) => {
                if let Some(permit) = &mut self.permit {
                    permit.lose();
                }
                let is_safe = !error.may_have_arrived;
                let is_final = error.kind == NetworkErrorKind::TooLarge;
                let error = Error::Network(error);
                if is_final {
                    Attempt::Final(error)
                } else {
                    Attempt::Failed { is_safe, error }
                }
            }
            Err(Failure::NotBuilt(error)) => Attempt::Final(error),
        }
    }

    /// Reports the response to the limiter, and decides whether it is the result.
    fn judge(&mut self, response: Response) -> Attempt {
        self.rest.0.clock.observe(&response, SystemTime::now());
        let body = match response.status {
            200..=299 | 304 => None,
            _ => Some(ErrorBody::parse(response.bytes())),
        };
        let limit = body.as_ref().and_then(ErrorBody::limit);
        let observed = Observation::new(&response, limit);
        let warned = &self.rest.0.warned_of_odd_headers;
        if observed.limits.odd && !warned.swap(true, Ordering::Relaxed) {
            let path = &self.prepared.shown;
            tracing::warn!(target: "smalld", "{path}: rate limit headers without a meaning were ignored");
        }
        self.count_invalid(&observed);
        let limited = match (&mut self.permit, &observed.too_many) {
            (Some(permit), _) => permit.observe(&observed),
            (None, Some(said)) => Some(limited_without_limiter(said, &observed)),
            (None, None) => None,
        };
        let Some(body) = body else {
            return Attempt::Done(response);
        };
        if let Some(limited) = limited {
            return self.prepared.limited(&limited, body);
        }
        let is_passing = retry::is_passing(response.status);
        let error = self.prepared.http(body, response);
        if error.response.status == 404 && error.code == Some(UNKNOWN_WEBHOOK) {
            lock(&self.rest.0.limiter).webhook_is_gone(&self.prepared.route);
        }
        let error = Error::Http(error);
        if is_passing {
            let is_safe = false;
            Attempt::Failed { is_safe, error }
        } else {
            Attempt::Final(error)
        }
    }

    fn count_invalid(&self, observed: &Observation) {
        if !matches!(observed.status, 401 | 403 | 429) {
            return;
        }
        let now = Instant::now().into_std();
        let refuses_token = observed.status == 401 && self.prepared.route.judges_the_token();
        let mut limiter = lock(&self.rest.0.limiter);
        if refuses_token {
            limiter.refuse_token();
        }
        let scope = observed.limits.scope.as_deref();
        let count = limiter.count_invalid(observed.status, scope, now);
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

/// The limit of a 429, with `RateLimits::Off`.
fn limited_without_limiter(said: &TooMany, observed: &Observation) -> Limited {
    let wait = said.retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
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

    fn retry_until(&self, deadline: Option<Instant>) -> Option<Instant> {
        let answer = Instant::now() + INTERACTION_TIMEOUT;
        match (self.route.kind, deadline) {
            (Kind::Callback, Some(deadline)) => Some(deadline.min(answer)),
            (Kind::Callback, None) => Some(answer),
            (_, deadline) => deadline,
        }
    }

    fn limited(&self, limited: &Limited, body: ErrorBody) -> Attempt {
        let mut error = self.rate_limit(limited);
        if limited.scope == RateLimitScope::Address {
            tracing::error!(target: "smalld", "{error}");
        }
        (error.code, error.message) = body.into_code_and_message();
        Attempt::Limited {
            until: Instant::from_std(limited.until),
            scope: limited.scope,
            error: Error::RateLimit(error),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Error {
        match refusal {
            Refusal::Limited(limited) => Error::RateLimit(self.rate_limit(limited)),
            Refusal::TokenRefused => {
                let message = "not sent, because Discord refused the bot token before (401); copy \
                    it again from the developer portal (Bot, Reset Token) and restart the bot";
                let (method, path) = (self.method_name(), self.shown.clone());
                ConfigError::of_request(method, path, message.to_owned()).into()
            }
            Refusal::WebhookGone => {
                let body = format!(r#"{{"message":"Unknown Webhook","code":{UNKNOWN_WEBHOOK}}}"#);
                let response = Response::new(404, Vec::new(), body.into_bytes());
                Error::Http(self.http(ErrorBody::parse(response.bytes()), response))
            }
        }
    }

    fn rate_limit(&self, limited: &Limited) -> RateLimitError {
        let now = Instant::now().into_std();
        let wait = limited.until.saturating_duration_since(now);
        let bucket = limited.bucket.as_deref().map(Into::into);
        RateLimitError::of_request(self.method_name(), &self.shown, wait, bucket, limited.scope)
    }

    fn timed_out(&self) -> Error {
        let (method, path) = (self.method_name(), self.shown.clone());
        let kind = NetworkErrorKind::Timeout;
        NetworkError::new(method, path, kind, false, None).into()
    }

    fn http(&self, body: ErrorBody, response: Response) -> HttpError {
        body.into_http_error(self.method_name(), self.shown.clone(), response)
    }
}
