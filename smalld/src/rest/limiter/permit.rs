//! Waiting for the limiter. The only place that connects its decisions with a clock and a lock.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::rest::limiter::admit::{Claim, Limiter};
use crate::rest::limiter::decision::{Decision, Limited, Patience, Refusal};
use crate::rest::limiter::observation::Observation;
use crate::rest::limiter::route::Route;

/// The limiter that all requests of a bot share.
pub(crate) type SharedLimiter = Arc<Mutex<Limiter>>;

/// The lock is held for a few instructions, never across an await.
pub(crate) fn lock(limiter: &SharedLimiter) -> MutexGuard<'_, Limiter> {
    limiter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request's permit, which has to be acquired for each attempt. Dropping it gives up the
/// request's place, wherever that is.
pub(crate) struct Permit {
    limiter: SharedLimiter,
    claim: Claim,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Permit {
    pub(crate) fn new(limiter: SharedLimiter, route: Route, patience: Patience) -> Self {
        let claim = lock(&limiter).claim(route, patience);
        Self {
            limiter,
            claim,
            timer: None,
        }
    }

    /// Waits until the request may be sent.
    pub(crate) async fn acquire(&mut self) -> Result<(), Refusal> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        loop {
            let now = Instant::now().into_std();
            let decision = lock(&self.limiter).ask(&mut self.claim, now, context.waker());
            let until = match decision {
                Decision::Leave => return Poll::Ready(Ok(())),
                Decision::Refuse(refusal) => return Poll::Ready(Err(refusal)),
                Decision::Wait(None) => return Poll::Pending,
                Decision::Wait(Some(until)) => Instant::from_std(until),
            };
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(until)));
            timer.as_mut().reset(until);
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// The request has timed out. Returns the limit that it was waiting for, if any.
    pub(crate) fn give_up(&mut self) -> Option<Refusal> {
        lock(&self.limiter).give_up(&mut self.claim, Instant::now().into_std())
    }

    /// Processes the response. For a 429, returns the limit that was reached.
    pub(crate) fn observe(&mut self, observed: &Observation) -> Option<Limited> {
        let now = Instant::now().into_std();
        lock(&self.limiter).observe(&mut self.claim, observed, now)
    }

    /// The request failed without a response. It stays counted.
    pub(crate) fn lose(&mut self) {
        lock(&self.limiter).quit(&mut self.claim);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.lose();
    }
}
