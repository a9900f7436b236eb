//! Waiting for the limiter: the one place where its decisions meet a clock and a lock.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::rest::limiter::admit::{Limiter, Ticket};
use crate::rest::limiter::decision::{Answer, Limited, Patience, Refusal};
use crate::rest::limiter::observation::Observation;
use crate::rest::limiter::route::Route;

/// The limiter as all requests of a bot share it.
pub(crate) type Shared = Arc<Mutex<Limiter>>;

/// Held for a few instructions only, never across an await.
pub(crate) fn lock(limiter: &Shared) -> MutexGuard<'_, Limiter> {
    limiter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request's place among the others. Dropping it gives the place up, wherever it stands.
pub(crate) struct Turn {
    limiter: Shared,
    ticket: Ticket,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Turn {
    pub(crate) fn new(limiter: Shared, route: Route, patience: Patience) -> Self {
        let ticket = lock(&limiter).enter(route, patience);
        Self {
            limiter,
            ticket,
            timer: None,
        }
    }

    /// Ready when the request may leave.
    pub(crate) async fn come(&mut self) -> Result<(), Refusal> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        loop {
            let now = Instant::now().into_std();
            let answer = lock(&self.limiter).ask(&mut self.ticket, now, context.waker());
            let until = match answer {
                Answer::Leave => return Poll::Ready(Ok(())),
                Answer::Refused(refusal) => return Poll::Ready(Err(refusal)),
                Answer::Wait(None) => return Poll::Pending,
                Answer::Wait(Some(until)) => Instant::from_std(until),
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

    /// The caller's time is up: gives the limit that it was waiting for, if it was one.
    pub(crate) fn give_up(&mut self) -> Option<Refusal> {
        lock(&self.limiter).give_up(&mut self.ticket, Instant::now().into_std())
    }

    /// Takes the response in. For a 429 gives the limit that it tells of.
    pub(crate) fn heard(&mut self, observed: &Observation) -> Option<Limited> {
        let now = Instant::now().into_std();
        lock(&self.limiter).heard(&mut self.ticket, observed, now)
    }

    /// No response came; what the request used stays used.
    pub(crate) fn lost(&mut self) {
        lock(&self.limiter).quit(&mut self.ticket);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lost();
    }
}
