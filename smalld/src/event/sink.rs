//! The sink: where sources of events hand them in.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::event::delivery::Delivery;
use crate::shutdown::ShutdownPhase;

/// Where a [`Source`](crate::source::Source) hands its events in. Clones are cheap and lead to the
/// same handlers.
#[derive(Clone)]
pub struct Sink {
    receiver: Arc<dyn Receive>,
    shutdown: watch::Receiver<ShutdownPhase>,
}

/// Takes events in; implemented by whoever runs the handlers.
pub(crate) trait Receive: Send + Sync {
    /// Starts the handlers that want the event. If not all of them find a free place, returns a
    /// future that starts the others when there is one.
    fn receive(&self, delivery: Delivery<'_>) -> Option<Waiting>;
}

pub(crate) type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Sink {
    pub(crate) fn new(
        receiver: Arc<dyn Receive>,
        shutdown: watch::Receiver<ShutdownPhase>,
    ) -> Self {
        Self { receiver, shutdown }
    }

    /// Hands an event to every handler that wants it. It is ready when all of them have been started,
    /// which is at once unless too many handlers run: then it waits for a free place, and the source
    /// should read no further. It does not wait for the handlers to end, which the
    /// [acknowledgement](Delivery::acknowledge) tells.
    ///
    /// Dropped while it waits, handlers that have not been started never are, and the event is
    /// acknowledged as [`Abandoned`](crate::source::Ending::Abandoned).
    pub async fn deliver(&self, delivery: Delivery<'_>) {
        if let Some(waiting) = self.begin(delivery) {
            waiting.await;
        }
    }

    /// The first step of `deliver`, for a source that has to know whether the event waits.
    pub(crate) fn begin(&self, delivery: Delivery<'_>) -> Option<Waiting> {
        self.receiver.receive(delivery)
    }

    /// Ready when the bot stops. A source should then deliver nothing more and return.
    pub async fn closed(&self) {
        let mut shutdown = self.shutdown.clone();
        // Without its sender the bot is gone, which is as good as closed.
        let _ = shutdown
            .wait_for(|&phase| phase > ShutdownPhase::Running)
            .await;
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}
