//! What becomes of a handler that takes its time: it is named, gives its place back, and in the end
//! no longer holds back what counts as handled.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::subject;
use crate::dispatch::outcome::Failure;
use crate::event::Payload;
use crate::event::acknowledge::Completion;

/// A handler that runs longer is slow.
pub(super) const SLOW: Duration = Duration::from_secs(10);
/// After so long an event counts as handled: one handler that hangs would otherwise hold back all
/// that came after.
const HELD: Duration = Duration::from_secs(60);

/// What a run came to, or the panic that ended it.
pub(super) type Ended = Result<Result<(), Failure>, Box<dyn Any + Send>>;
pub(super) type Caught = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// Drives a run to its end. Gives what it came to, and the completion if it still holds it.
pub(super) async fn supervise(
    mut run: Caught,
    handler: &Handler,
    payload: Option<&Payload>,
    room: OwnedSemaphorePermit,
    completion: Completion,
) -> (Ended, Completion) {
    if let Ok(ended) = timeout(SLOW, &mut run).await {
        return (ended, completion);
    }
    drop(room);
    let _slow = Slow::new(handler);
    tracing::warn!(
        target: "smalld",
        "handler {handler} has been at {} for {} s and goes on; it no longer counts against those that may run at once",
        subject(payload),
        SLOW.as_secs()
    );
    if let Ok(ended) = timeout(HELD.saturating_sub(SLOW), &mut run).await {
        return (ended, completion);
    }
    drop(completion);
    (run.await, Completion::unheard())
}

/// Counts a run that is slow, until it ends or is abandoned.
struct Slow<'h>(&'h Handler);

impl<'h> Slow<'h> {
    fn new(handler: &'h Handler) -> Self {
        handler.slow.fetch_add(1, Ordering::Relaxed);
        Self(handler)
    }
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        self.0.slow.fetch_sub(1, Ordering::Relaxed);
    }
}
