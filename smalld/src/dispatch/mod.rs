//! Runs handlers: concurrently, bounded in number, each failure its own. It takes events from any
//! source and knows nothing of sockets.

mod extract;
mod handler;
mod ordered;
mod outcome;
mod pointer;
mod registration;
mod report;
mod running;
mod table;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::extract::{FromEvent, State, ViaEvent, check, extract};
pub use self::handler::Handlers;
pub use self::outcome::{Failure, Outcome, outcome};
pub use self::registration::{Call, Field, Filter, Registration, Scalar};

pub(crate) use self::extract::States;
pub(crate) use self::handler::Handler;

use self::ordered::Queues;
use self::report::Reports;
use self::running::Running;
use self::table::DispatchTable;
use crate::bot::SmallD;
use crate::event::{Header, Origin, Payload};

/// How many handlers may run at once before the shards stop reading.
const ROOM: usize = 1_000;
/// A handler that runs longer is slow: it is named and gives its place back.
const SLOW: Duration = Duration::from_secs(10);
/// How many slow runs of one handler may be under way; beyond it its events are refused.
const MOST_SLOW: usize = 10_000;

/// The handlers of one bot, and those of them that are running.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    bot: SmallD,
    table: Arc<DispatchTable>,
    room: Arc<Semaphore>,
    running: Running,
    reports: Reports,
    queues: Queues,
}

impl Dispatcher {
    pub(crate) fn new(bot: SmallD, handlers: &Handlers) -> Self {
        Self {
            bot,
            table: Arc::new(DispatchTable::new(handlers)),
            room: Arc::new(Semaphore::new(ROOM)),
            running: Running::default(),
            reports: Reports::default(),
            queues: Queues::default(),
        }
    }

    /// Hands an event to every handler that wants it. Ready at once unless the bound is reached;
    /// then it waits for room, and the source should stop reading meanwhile.
    pub(crate) async fn dispatch(&self, header: &Header<'_>, text: &str, origin: &Origin) {
        let mut payload = None;
        for handler in self.table.wanting(header, text) {
            let payload = payload.get_or_insert_with(|| Payload::new(header, text, origin.clone()));
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return;
            };
            self.start(handler, payload.seen(handler.whole), room);
        }
    }

    /// Waits until no handler runs any more.
    pub(crate) async fn idle(&self) {
        self.running.idle().await;
    }

    /// The handlers that are running, each with how often.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        self.running.names()
    }

    fn start(&self, handler: &Arc<Handler>, payload: Payload, room: OwnedSemaphorePermit) {
        if handler.slow.load(Ordering::Relaxed) >= MOST_SLOW {
            return self.reports.refused(handler, &payload);
        }
        let turn = handler
            .ordered
            .then(|| self.queues.join(handler, &payload))
            .flatten();
        let run = handler.run(self.bot.clone(), payload.clone());
        let run = AssertUnwindSafe(run).catch_unwind();
        let mut run = Box::pin(async move {
            if let Some(turn) = turn {
                let _in_turn = turn.wait().await;
                return run.await;
            }
            run.await
        });
        // Polled once where the event was read: most handlers are done or waiting for Discord by
        // then, and a task for each event would cost more than all the rest together. The task
        // polls again when it starts, so nothing is lost on a waker that does nothing.
        match run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ended) => self.report(handler, &payload, ended),
            Poll::Pending => self.spawn(run, Arc::clone(handler), payload, room),
        }
    }

    fn spawn(
        &self,
        run: Caught,
        handler: Arc<Handler>,
        payload: Payload,
        room: OwnedSemaphorePermit,
    ) {
        let dispatcher = self.clone();
        let running = self.running.enter(&handler);
        tokio::spawn(async move {
            let ended = supervise(run, &handler, &payload, room).await;
            dispatcher.report(&handler, &payload, ended);
            drop(running);
        });
    }

    fn report(&self, handler: &Handler, payload: &Payload, ended: Ended) {
        let failure = match ended {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::panicked(&*panic),
        };
        self.reports.failed(handler, payload, &failure);
    }
}

type Ended = Result<Result<(), Failure>, Box<dyn std::any::Any + Send>>;
type Caught = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// Drives a run to its end; one that is slow is named, and gives its place back.
async fn supervise(
    mut run: Caught,
    handler: &Handler,
    payload: &Payload,
    room: OwnedSemaphorePermit,
) -> Ended {
    if let Ok(ended) = tokio::time::timeout(SLOW, &mut run).await {
        return ended;
    }
    drop(room);
    handler.slow.fetch_add(1, Ordering::Relaxed);
    tracing::warn!(
        target: "smalld",
        "handler {handler} has been at {} for {} s and goes on; it no longer counts against the {ROOM} that may run at once",
        payload.name(),
        SLOW.as_secs()
    );
    let ended = run.await;
    handler.slow.fetch_sub(1, Ordering::Relaxed);
    ended
}
