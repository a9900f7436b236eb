//! Runs handlers: concurrently, bounded in number, each failure its own. It takes events from any
//! source and knows nothing of sockets.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::bot::SmallD;
use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::{HandlerError, subject};
use crate::dispatch::handlers::Handlers;
use crate::dispatch::ordered::{Queues, Turn};
use crate::dispatch::outcome::Failure;
use crate::dispatch::report::Reports;
use crate::dispatch::running::Running;
use crate::dispatch::supervise::{Caught, Ended, SLOW, supervise};
use crate::dispatch::table::DispatchTable;
use crate::dispatch::trigger::{Call, Run, Trigger};
use crate::event::acknowledge::Completion;
use crate::event::envelope::Envelope;
use crate::event::{Origin, Payload};

/// How many handlers may run at once before the shards stop reading.
const ROOM: usize = 1_000;
/// How many slow runs of one handler may be under way; beyond it its events are refused.
const MOST_SLOW: usize = 10_000;

/// The handlers of one bot, and those of them that are running.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    bot: SmallD,
    table: Arc<DispatchTable>,
    on_error: Arc<[(Arc<Handler>, Call<HandlerError>)]>,
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
            on_error: handlers
                .of_errors()
                .map(|(handler, call)| (Arc::clone(handler), call.clone()))
                .collect(),
            room: Arc::new(Semaphore::new(ROOM)),
            running: Running::default(),
            reports: Reports::default(),
            queues: Queues::default(),
        }
    }

    /// Hands an event to every handler that wants it. Ready at once unless the bound is reached;
    /// then it waits for room, and the source should stop reading meanwhile.
    ///
    /// `wanted` is called if there is a handler; what it gives is dropped when all have ended.
    pub(crate) async fn dispatch(
        &self,
        envelope: &Envelope<'_>,
        text: &str,
        origin: &Origin,
        wanted: &(dyn Fn() -> Completion + Sync),
    ) {
        let mut event = None;
        for (handler, trigger) in self.table.wanting(envelope, text) {
            let (payload, completion) = event
                .get_or_insert_with(|| (Payload::new(envelope, text, origin.clone()), wanted()));
            let Some(room) = self.room().await else {
                return;
            };
            let payload = payload.seen(trigger.filter.whole);
            if self.refuses(handler, &payload) {
                continue;
            }
            let turn = trigger
                .ordered
                .then(|| self.queues.join(handler, &payload))
                .flatten();
            let run = trigger.call.run(self.bot.clone(), payload.clone());
            self.start(handler, Some(payload), run, turn, room, completion);
        }
    }

    /// Runs the handlers of the start. Ready when they have ended, or are slow.
    pub(crate) async fn begin(&self, handlers: &Handlers) {
        for (handler, call) in handlers.of_the_start() {
            let Some(room) = self.room().await else {
                return;
            };
            let run = call.run(self.bot.clone(), ());
            self.start(handler, None, run, None, room, &Completion::unheard());
        }
        let _ = timeout(SLOW, self.idle()).await;
    }

    /// Room for one handler more. Where there is some it is had at once: merely asking for it in
    /// tokio's own way would now and then yield, which the source would take for a full house.
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(room);
        }
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// Waits until no handler runs any more.
    pub(crate) async fn idle(&self) {
        self.running.idle().await;
    }

    /// The handlers that are running, each with how often.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        self.running.names()
    }

    /// Drops what still runs, and leaves no task behind.
    pub(crate) fn abandon(&self) {
        self.running.abandon();
        self.reports.end();
    }

    /// Whether too many runs of this handler have not ended.
    fn refuses(&self, handler: &Handler, payload: &Payload) -> bool {
        let refuses = handler.slow.load(Ordering::Relaxed) >= MOST_SLOW;
        if refuses {
            self.reports.refused(handler, payload);
        }
        refuses
    }

    /// Starts a run. Handlers of the start have no payload.
    fn start(
        &self,
        handler: &Arc<Handler>,
        payload: Option<Payload>,
        run: Run,
        turn: Option<Turn>,
        room: OwnedSemaphorePermit,
        completion: &Completion,
    ) {
        let run = AssertUnwindSafe(run)
            .catch_unwind()
            .instrument(span(handler, payload.as_ref()));
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
            Poll::Ready(ended) => self.report(handler, payload, ended, completion),
            Poll::Pending => {
                let (handler, completion) = (Arc::clone(handler), completion.clone());
                self.spawn(run, handler, payload, room, completion);
            }
        }
    }

    fn spawn(
        &self,
        run: Caught,
        handler: Arc<Handler>,
        payload: Option<Payload>,
        room: OwnedSemaphorePermit,
        completion: Completion,
    ) {
        let dispatcher = self.clone();
        let running = self.running.enter(&handler);
        tokio::spawn(async move {
            let supervised = supervise(run, &handler, payload.as_ref(), room, completion);
            tokio::select! {
                biased;
                (ended, completion) = supervised => {
                    dispatcher.report(&handler, payload, ended, &completion);
                }
                () = running.abandoned() => {}
            }
        });
    }

    fn report(
        &self,
        handler: &Arc<Handler>,
        payload: Option<Payload>,
        ended: Ended,
        completion: &Completion,
    ) {
        let failure = match ended {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::panicked(&*panic),
        };
        let error = handler.failed(payload, failure);
        // What fails while it handles an error is told plainly, or it would never end.
        if matches!(handler.trigger, Trigger::Error(_)) || self.on_error.is_empty() {
            return self.reports.failed(&error);
        }
        for (handler, call) in &*self.on_error {
            match Arc::clone(&self.room).try_acquire_owned() {
                Ok(room) => {
                    let payload = error.payload().cloned();
                    let run = call.run(self.bot.clone(), error.clone());
                    self.start(handler, payload, run, None, room, completion);
                }
                Err(_) => self.reports.failed(&error),
            }
        }
    }
}

/// What a handler tells is told within it. It is a `debug` one: where that is off it costs nothing.
fn span(handler: &Handler, payload: Option<&Payload>) -> Span {
    tracing::debug_span!(
        target: "smalld",
        "handler",
        handler = &*handler.label.name,
        shard = payload.map(|payload| payload.shard().id()),
        event = &*subject(payload),
        seq = payload.and_then(Payload::s),
    )
}

#[cfg(test)]
mod tests;
