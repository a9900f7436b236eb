//! Sink: where sources deliver their events.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::event::delivery::Delivery;
use crate::shutdown::ShutdownPhase;

/// Where a [`Source`](crate::source::Source) delivers its events. Clones are cheap and deliver to the
/// same handlers.
#[derive(Clone)]
pub struct Sink {
    receiver: Arc<dyn Receive>,
    shutdown: watch::Receiver<ShutdownPhase>,
    /// The runtime of the handlers.
    runtime: Handle,
}

/// Receives events. Implemented by the dispatcher.
pub(crate) trait Receive: Send + Sync {
    /// Starts the handlers that want the event. If the limit of running handlers is reached, returns a
    /// future that starts the remaining ones as others end. The error says why the event is malformed,
    /// if a filter or a handler has noticed that by now; then no further handlers are started, and no
    /// failure is reported.
    fn receive(&self, delivery: Delivery<'_>) -> Result<Option<Waiting>, String>;

    /// The names of the events that handlers want; `None` if one of them takes events of any name.
    fn wanted(&self) -> Option<Vec<String>>;
}

pub(crate) type Waiting = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl Sink {
    pub(crate) fn new(
        receiver: Arc<dyn Receive>,
        shutdown: watch::Receiver<ShutdownPhase>,
        runtime: Handle,
    ) -> Self {
        Self {
            receiver,
            shutdown,
            runtime,
        }
    }

    /// Starts every handler that wants the event. It returns when all of them have been started, which
    /// is at once unless too many handlers are running: then it waits, and the source should not read
    /// further events. It does not wait for the handlers to end; the
    /// [acknowledgement](Delivery::acknowledge) is called then.
    ///
    /// Handlers marked `ordered` see events in the order in which they were delivered. A source may
    /// also deliver from several tasks at once, each with a clone of the sink; then there is no order
    /// between the events of two of them. When the bot has stopped, no handler is started any more.
    ///
    /// Handlers see the runtime of the bot, on whichever thread and runtime the source delivers. The
    /// first poll of an async handler happens on that thread.
    ///
    /// If the future is dropped before it is ready, the remaining handlers are not started, and the event
    /// is acknowledged as [`Abandoned`](crate::source::Ending::Abandoned).
    pub async fn deliver(&self, delivery: Delivery<'_>) {
        // A source that always has a next event would otherwise never let other tasks run.
        tokio::task::coop::consume_budget().await;
        let begun = {
            let _entered = self.runtime.enter();
            self.begin(delivery)
        };
        let malformed = match begun {
            Ok(None) => return,
            Ok(Some(future)) => {
                let runtime = &self.runtime;
                InRuntime { runtime, future }.await.err()
            }
            Err(why) => Some(why),
        };
        if let Some(why) = malformed {
            tracing::error!(target: "smalld", "a source delivered a malformed payload: {why}");
        }
    }

    /// Does the same on the runtime of the handlers, and returns a future only if the event waits, which
    /// the gateway has to know. The error says why the event is malformed.
    pub(crate) fn begin(&self, delivery: Delivery<'_>) -> Result<Option<Waiting>, String> {
        self.receiver.receive(delivery)
    }

    /// The names of the events that this bot's handlers want, such as `MESSAGE_CREATE`, sorted: what a
    /// broker has to be asked for, and nothing else. `None` if a handler takes events of any name.
    #[must_use]
    pub fn wanted(&self) -> Option<Vec<String>> {
        self.receiver.wanted()
    }

    /// Waits until the bot stops. A source should then deliver no more events and return.
    pub async fn closed(&self) {
        let mut shutdown = self.shutdown.clone();
        // An error means that the bot has been dropped, which counts as closed.
        let _ = shutdown
            .wait_for(|&phase| phase > ShutdownPhase::Running)
            .await;
    }
}

/// Polls a future within a runtime.
struct InRuntime<'h> {
    runtime: &'h Handle,
    future: Waiting,
}

impl Future for InRuntime<'_> {
    type Output = <Waiting as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _entered = self.runtime.enter();
        self.future.as_mut().poll(cx)
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}
