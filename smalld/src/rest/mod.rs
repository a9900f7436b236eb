//! REST: from a request to its answer. Waits or refuses as the limiter says, tries again what is
//! worth it, and turns everything else into an error that says what happened.

mod attachment;
mod base;
mod blocking;
mod bucket;
mod failure;
mod global;
mod headers;
mod invalid;
mod limiter;
mod line;
mod path;
mod prepare;
mod request;
mod response;
mod retry;
mod route;
mod turn;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Method};
use tokio::time::Instant;

pub use self::attachment::Attachment;
pub use self::path::{Path, PathValue, path, path_value};
pub use self::request::Request;
pub use self::response::Response;

pub(crate) use self::base::{Base, DISCORD};

use self::headers::LimitHeaders;
use self::limiter::{Limited, Limiter, Refusal, Scope};
use self::prepare::Prepared;
use self::request::Draft;
use self::retry::Safety;
use self::route::Kind;
use self::turn::{Shared, Turn, lock};
use crate::error::{Error, NetworkError, NetworkErrorKind, Result};

/// How often a request that got a 429 is sent again.
const MOST_LIMITED: u32 = 5;
/// More than any answer of Discord's; a guard against a broken or hostile proxy.
const MOST_BYTES: usize = 64 << 20;
const ATTEMPT: Duration = Duration::from_secs(15);
const ATTEMPT_WITH_FILES: Duration = Duration::from_secs(300);

/// What a request does where a known rate limit forbids it.
///
/// See [Discord Docs/Rate Limits](https://discord.com/developers/docs/topics/rate-limits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimits {
    /// It fails with [`Error::RateLimit`], and nothing is sent. Only a window that is known to be
    /// used up refuses: while the first answer of a bucket is under way, others wait for it.
    #[default]
    Error,
    /// It waits for its turn, first come first served within a bucket.
    Wait,
    /// It is sent at once: a proxy before Discord looks after the limits.
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

impl Draft {
    /// From the draft to a response with a status of 2xx.
    pub(crate) async fn send(self) -> Result<Response> {
        let rest = self.rest.clone();
        let mode = self.rate_limits.unwrap_or(rest.0.rate_limits);
        let deadline = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let prepared = self.prepare()?;
        let (mut limited, mut failed) = (0, 0);
        let mut turn = (mode != RateLimits::Off).then(|| {
            Turn::new(
                Arc::clone(&rest.0.limiter),
                prepared.route.clone(),
                mode == RateLimits::Wait,
            )
        });
        loop {
            if let Some(turn) = &mut turn {
                rest.wait_for(turn, &prepared, deadline).await?;
            }
            let answer = rest.attempt(&prepared, deadline).await;
            let outcome = match answer {
                Ok(response) => rest.judge(&prepared, turn.as_mut(), response),
                Err(Attempt::Broken(error)) => {
                    if let Some(turn) = &mut turn {
                        turn.lost();
                    }
                    Outcome::Failed {
                        safe: !error.may_have_arrived,
                        error: Error::Network(error),
                    }
                }
                Err(Attempt::Impossible(error)) => return Err(error),
            };
            match outcome {
                Outcome::Done(response) => return Ok(response),
                Outcome::Final(error) => return Err(error),
                Outcome::Limited(known) => {
                    limited += 1;
                    let hopeless = known.scope == Scope::Address || limited > MOST_LIMITED;
                    if mode != RateLimits::Wait || hopeless {
                        return Err(prepared.rate_limit(&known));
                    }
                }
                Outcome::Failed { safe, error } => {
                    failed += 1;
                    let safe = safe || prepared.safety == Safety::Idempotent;
                    let Some(wait) = retry::wait(failed, fastrand::f64()).filter(|_| safe) else {
                        return Err(error);
                    };
                    if deadline.is_some_and(|deadline| Instant::now() + wait > deadline) {
                        return Err(error);
                    }
                    tracing::debug!(target: "smalld", "{error}; trying again in {wait:.1?}");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }
}

/// Why an attempt gave no response.
enum Attempt {
    Broken(NetworkError),
    /// It could not even be built: a file that is gone.
    Impossible(Error),
}

/// What an attempt came to.
enum Outcome {
    Done(Response),
    Final(Error),
    Limited(Limited),
    /// It may pass; `safe` where it cannot have arrived.
    Failed {
        safe: bool,
        error: Error,
    },
}

impl Rest {
    async fn wait_for(
        &self,
        turn: &mut Turn,
        prepared: &Prepared,
        deadline: Option<Instant>,
    ) -> Result<()> {
        let coming = turn.come(deadline);
        let came = match deadline {
            None => coming.await,
            Some(deadline) => match tokio::time::timeout_at(deadline, coming).await {
                Ok(came) => came,
                Err(_) => return Err(Error::Network(prepared.unsent(NetworkErrorKind::Timeout))),
            },
        };
        came.map_err(|refusal| match refusal {
            Refusal::Limited(limited) => prepared.rate_limit(&limited),
            Refusal::TokenRefused => Error::config(
                "Discord refused the bot token before (401), so nothing was sent; copy it anew from \
                 the developer portal (Bot, Reset Token) and start the bot again",
            ),
        })
    }

    async fn attempt(
        &self,
        prepared: &Prepared,
        deadline: Option<Instant>,
    ) -> Result<Response, Attempt> {
        let request = prepared
            .build(&self.0.client)
            .await
            .map_err(Attempt::Impossible)?;
        let most = if prepared.attachments.is_empty() {
            ATTEMPT
        } else {
            ATTEMPT_WITH_FILES
        };
        let end = Instant::now() + most;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let begun = Instant::now();
        let result = tokio::time::timeout_at(end, exchange(&self.0.client, request)).await;
        let (method, path) = (prepared.method_name(), &prepared.shown);
        match result {
            Ok(Ok(response)) => {
                let (status, took) = (response.status, begun.elapsed());
                tracing::debug!(target: "smalld", "{method} {path}: {status} in {took:.0?}");
                Ok(response)
            }
            Ok(Err(error)) => Err(Attempt::Broken(prepared.broken(error))),
            Err(_) => Err(Attempt::Broken(NetworkError::new(
                method,
                path.clone(),
                NetworkErrorKind::Timeout,
                true,
                None,
            ))),
        }
    }

    /// Tells the limiter, and decides whether the caller is done.
    fn judge(&self, prepared: &Prepared, turn: Option<&mut Turn>, response: Response) -> Outcome {
        let headers = LimitHeaders::read(&response);
        if headers.odd && !self.0.told_of_odd_headers.swap(true, Ordering::Relaxed) {
            let path = &prepared.shown;
            tracing::warn!(target: "smalld", "{path}: rate limit headers that mean nothing were ignored");
        }
        let limited = match turn {
            Some(turn) => {
                self.count_invalid(prepared, &response, &headers);
                turn.heard(&response, &headers)
            }
            None => None,
        };
        if let Some(limited) = limited {
            if limited.scope == Scope::Address {
                let wait = limited
                    .until
                    .saturating_duration_since(Instant::now().into_std());
                tracing::error!(
                    target: "smalld",
                    "this address is banned from Discord's API for {wait:.0?} (429 from its guard): too many invalid requests came from it, perhaps from another program"
                );
            }
            return Outcome::Limited(limited);
        }
        if matches!(response.status, 200..=299 | 304) {
            return Outcome::Done(response);
        }
        let passes = retry::passes(response.status);
        let error = Error::Http(failure::http_error(
            prepared.method_name(),
            prepared.shown.clone(),
            response,
        ));
        if passes {
            Outcome::Failed { safe: false, error }
        } else {
            Outcome::Final(error)
        }
    }

    fn count_invalid(&self, prepared: &Prepared, response: &Response, headers: &LimitHeaders) {
        let now = Instant::now().into_std();
        let mut limiter = lock(&self.0.limiter);
        if response.status == 401 && prepared.with_bot_token && prepared.route.kind == Kind::Bot {
            limiter.refuse_token();
        }
        let count = limiter.count_invalid(response.status, headers.scope.as_deref(), now);
        drop(limiter);
        if let Some(count) = count {
            tracing::warn!(
                target: "smalld",
                "{count} invalid requests (401, 403, 429) in ten minutes; Discord bans an address at 10,000"
            );
        }
    }
}

impl Prepared {
    fn rate_limit(&self, limited: &Limited) -> Error {
        let wait = limited
            .until
            .saturating_duration_since(Instant::now().into_std());
        let subject = format!("{} {}", self.method, self.shown);
        let global = matches!(limited.scope, Scope::Global | Scope::Address);
        Error::rate_limit(
            subject,
            wait,
            limited.bucket.as_deref().map(ToOwned::to_owned),
            global,
        )
    }

    fn unsent(&self, kind: NetworkErrorKind) -> NetworkError {
        NetworkError::new(self.method_name(), self.shown.clone(), kind, false, None)
    }

    fn broken(&self, error: reqwest::Error) -> NetworkError {
        let kind = match () {
            () if error.is_connect() => NetworkErrorKind::Connect,
            () if error.is_timeout() => NetworkErrorKind::Timeout,
            () => NetworkErrorKind::Broken,
        };
        let may_have_arrived = kind != NetworkErrorKind::Connect;
        // The URL may hold the token of a webhook.
        let source = Some(error.without_url().into());
        NetworkError::new(
            self.method_name(),
            self.shown.clone(),
            kind,
            may_have_arrived,
            source,
        )
    }
}

async fn exchange(client: &Client, request: reqwest::Request) -> Result<Response, reqwest::Error> {
    let mut response = client.execute(request).await?;
    let headers = response.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let (status, headers) = (response.status().as_u16(), headers.collect());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            // Cut off, it parses as nothing; whoever asked gets an error and not a full memory.
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Response::new(status, headers, bytes))
}
