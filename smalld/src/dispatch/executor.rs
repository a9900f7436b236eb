//! Execution of handlers: concurrent, up to a limit, and so that a failure affects no other
//! handler. Events come from any source.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span};

use crate::bot::SmallD;
use crate::dispatch::handler::{Counted, Handler};
use crate::dispatch::handler_error::{HandlerError, subject};
use crate::dispatch::handlers::Handlers;
use crate::dispatch::ordered::{Queues, Turn};
use crate::dispatch::outcome::Failure;
use crate::dispatch::polled::{self, Polled};
use crate::dispatch::progress::{PROGRESS_INTERVAL, while_waiting};
use crate::dispatch::report::Reports;
use crate::dispatch::table::DispatchTable;
use crate::dispatch::threads::Threads;
use crate::dispatch::trigger::{Call, Run, Trigger, Work};
use crate::event::Payload;
use crate::event::acknowledge::{Acknowledgement, Claim, Ending};
use crate::event::delivery::Delivery;
use crate::event::sink::{Receive, Waiting};
use crate::unwind::{self, Panic};

/// How many handlers may run at once before sources stop reading.
const MAX_RUNNING: usize = 1_000;
/// How many slow runs an async handler may have; beyond that its events are refused.
const MAX_SLOW: usize = 10_000;
/// How many runs of `ordered` handlers may wait for their turn. They do not count as running.
const MAX_QUEUED: usize = 10_000;

/// The handlers of one bot, and those of them that are running. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Dispatcher(Arc<Inner>);

pub(super) struct Inner {
    bot: SmallD,
    handlers: Handlers,
    table: DispatchTable,
    on_error: Vec<(Arc<Handler>, Call<HandlerError>)>,
    pub(super) places: Arc<Semaphore>,
    pub(super) queued: Arc<Semaphore>,
    pub(super) threads: Threads,
    queues: Queues,
    pub(super) reports: Reports,
    runs: TaskTracker,
    abandoned: CancellationToken,
    /// The value of `abandoned`, without its lock.
    is_over: AtomicBool,
}

/// A place among the handlers that may run at once.
pub(super) type Place = OwnedSemaphorePermit;

/// How a run ended: with a result, or with the panic that ended it.
type Ended = Result<Result<(), Failure>, Panic>;

/// Which handler runs, and for what.
pub(super) struct Job {
    pub(super) handler: Arc<Handler>,
    /// `None` for a handler of `on_start`.
    pub(super) payload: Option<Payload>,
    pub(super) claim: Claim,
    /// The error that an `on_error` handler is called for.
    pub(super) error: Option<HandlerError>,
}

impl Job {
    /// Whether the event has turned out to be malformed.
    fn is_malformed(&self) -> bool {
        let is_event = matches!(self.handler.trigger, Trigger::Event(_));
        is_event && self.payload.as_ref().and_then(Payload::malformed).is_some()
    }
}

impl Dispatcher {
    /// Returns a dispatcher for these handlers. At most `blocking_threads` plain functions run at
    /// once. Its timers run on `control` if there is one.
    pub(crate) fn new(
        bot: SmallD,
        handlers: &Handlers,
        blocking_threads: usize,
        control: Option<Handle>,
    ) -> Self {
        let on_error = handlers.of_errors();
        let runs = TaskTracker::new();
        // A tracker that is not closed is never idle.
        runs.close();
        Self(Arc::new(Inner {
            bot,
            handlers: handlers.clone(),
            table: DispatchTable::new(handlers),
            on_error: on_error
                .map(|(h, call)| (Arc::clone(h), call.clone()))
                .collect(),
            places: Arc::new(Semaphore::new(MAX_RUNNING)),
            queued: Arc::new(Semaphore::new(MAX_QUEUED)),
            threads: Threads::new(blocking_threads),
            queues: Queues::default(),
            reports: Reports::new(control),
            runs,
            abandoned: CancellationToken::new(),
            is_over: AtomicBool::new(false),
        }))
    }

    /// Runs the handlers of `on_start`. Returns when each has ended or is slow.
    pub(crate) async fn begin(&self) {
        let inner = &self.0;
        for (handler, call) in inner.handlers.of_the_start() {
            let Ok(place) = Arc::clone(&inner.places).acquire_owned().await else {
                return;
            };
            let job = Job {
                handler: Arc::clone(handler),
                payload: None,
                claim: Acknowledgement::none().claim(),
                error: None,
            };
            inner.start(job, call.work(inner.bot.clone(), ()), None, place);
        }
        let _ = timeout(PROGRESS_INTERVAL, self.idle()).await;
    }

    /// Waits until no handler runs any more.
    pub(crate) async fn idle(&self) {
        self.0.runs.wait().await;
    }

    /// The running handlers, with the number of their runs if there are several. A handler that
    /// blocks in its first poll is found in `polled` only.
    pub(crate) fn unfinished(&self, polled: &Polled) -> Vec<String> {
        let polls = polled.now();
        let running = self.0.handlers.iter().map(|handler| {
            let tasks = handler.running.load(Ordering::Relaxed);
            let polls = polls.iter().filter(|poll| poll.handler() == handler.id);
            (handler, tasks.max(polls.count()))
        });
        let names = running.filter_map(|(handler, count)| match count {
            0 => None,
            1 => Some(handler.to_string()),
            _ => Some(format!("{handler} {count} times")),
        });
        names.collect()
    }

    /// Drops all runs and starts no more. No task is left behind.
    pub(crate) fn abandon(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
        self.0.abandoned.cancel();
        self.0.reports.end();
    }
}

impl Receive for Dispatcher {
    fn receive(&self, delivery: Delivery<'_>) -> Result<Option<Waiting>, String> {
        let inner = &self.0;
        let Delivery {
            envelope,
            origin,
            acknowledgement,
        } = delivery;
        let wanting = match inner.table.wanting(&envelope) {
            Ok(Some(wanting)) => wanting,
            Ok(None) => {
                acknowledgement.unwanted();
                return Ok(None);
            }
            Err(why) => {
                acknowledgement.unwanted();
                return Err(format!("{}: {why}", envelope.t().unwrap_or_default()));
            }
        };
        let payload = Payload::new(envelope, origin);
        let claim = acknowledgement.claim();
        let mut wanting = wanting.iter();
        while let Some(handler) = wanting.next() {
            let Ok(place) = Arc::clone(&inner.places).try_acquire_owned() else {
                let waiters = Waiters {
                    inner: Arc::clone(inner),
                    claim,
                    payload,
                };
                let handlers = std::iter::once(handler).chain(wanting).cloned().collect();
                return Ok(Some(Box::pin(waiters.start(handlers))));
            };
            inner.handle(handler, &payload, claim.event().claim(), place);
            if let Some(why) = malformed(&payload) {
                claim.end(Ending::Handled);
                return Err(why);
            }
        }
        claim.end(Ending::Handled);
        Ok(None)
    }

    fn wanted(&self) -> Option<Vec<String>> {
        self.0.table.wanted()
    }
}

/// Why the event is malformed, if a handler has noticed that.
fn malformed(payload: &Payload) -> Option<String> {
    let why = payload.malformed()?;
    Some(format!("{}: {why}", payload.name()))
}

/// An event some of whose handlers wait for a place.
struct Waiters {
    inner: Arc<Inner>,
    payload: Payload,
    /// Abandons the event if it is dropped before all handlers have started.
    claim: Claim,
}

impl Waiters {
    async fn start(self, handlers: Vec<Arc<Handler>>) -> Result<(), String> {
        let Self {
            inner,
            payload,
            claim,
        } = self;
        for handler in handlers {
            let place = Arc::clone(&inner.places).acquire_owned();
            let Ok(place) = while_waiting(&claim, place).await else {
                return Ok(());
            };
            inner.handle(&handler, &payload, claim.event().claim(), place);
            if let Some(why) = malformed(&payload) {
                claim.end(Ending::Handled);
                return Err(why);
            }
        }
        claim.end(Ending::Handled);
        Ok(())
    }
}

impl Inner {
    /// Runs one handler of an event.
    fn handle(
        self: &Arc<Self>,
        handler: &Arc<Handler>,
        payload: &Payload,
        claim: Claim,
        place: Place,
    ) {
        let Trigger::Event(trigger) = &handler.trigger else {
            return claim.end(Ending::Handled);
        };
        let payload = payload.seen(trigger.filter.whole);
        let work = trigger.call.work(self.bot.clone(), payload.clone());
        let turn = trigger.ordered.then(|| self.queues.join(handler, &payload));
        let job = Job {
            handler: Arc::clone(handler),
            payload: Some(payload),
            claim,
            error: None,
        };
        self.start(job, work, turn.flatten(), place);
    }

    /// Starts a run and polls it once, in the task that read the event. Most handlers have ended or
    /// wait for Discord after that, and a task for each event would cost more than everything else.
    /// A run that must wait for its turn or for a thread becomes a task at once.
    fn start(self: &Arc<Self>, job: Job, work: Work, turn: Option<Turn>, place: Place) {
        if self.is_over.load(Ordering::Relaxed) {
            // Its event counts as abandoned.
            return;
        }
        if self.is_saturated(&job.handler) {
            return self.refuse(job);
        }
        let handler = Arc::clone(&job.handler);
        let (run, turn) = match (work, turn) {
            (Work::Async(run), None) => (run, None),
            (Work::Async(run), Some(Turn::Now(turn))) => (run, Some(turn)),
            (work, turn) => {
                let life = Arc::clone(self).wait_and_run(job, work, turn, place);
                return self.spawn(&handler, life);
            }
        };
        let mut run = caught(run, &job);
        polled::release_woken_task();
        let watched = polled::polling(handler.id);
        // The task polls again when it starts, so no wake-up is lost on a waker that does nothing.
        match Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(ended) => {
                // Futures, errors and acknowledgements are user code, too.
                unwind::drop_guarded(run);
                if job.is_malformed() {
                    // The source reports it, and may deliver the event again.
                    unwind::drop_guarded(ended);
                    job.claim.end(Ending::Handled);
                } else {
                    self.ended(job, ended);
                }
                drop(watched);
                if self.places.available_permits() == 0 {
                    // Another source may wait for the place.
                    polled::woke_a_task();
                }
            }
            Poll::Pending => {
                drop(watched);
                let life = Arc::clone(self).supervise(job, run, place, turn);
                self.spawn(&handler, life);
            }
        }
    }

    fn spawn(&self, handler: &Arc<Handler>, life: impl Future<Output = ()> + Send + 'static) {
        polled::woke_a_task();
        let running = Counted::new(handler, |handler| &handler.running);
        let abandoned = self.abandoned.clone();
        self.runs.spawn(async move {
            let _running = running;
            tokio::select! {
                biased;
                () = life => {}
                () = abandoned.cancelled() => {}
            }
        });
    }

    /// Whether this handler has so many unfinished runs that no more are started.
    pub(super) fn is_saturated(&self, handler: &Handler) -> bool {
        let limit = if handler.is_blocking() {
            self.threads.per_handler()
        } else {
            MAX_SLOW
        };
        handler.slow.load(Ordering::Relaxed) >= limit
    }

    pub(super) fn refuse(&self, job: Job) {
        self.reports
            .refused(&job.handler, &subject(job.payload.as_ref()));
        if let Some(error) = &job.error {
            self.reports.failed(error);
        }
        job.claim.end(Ending::Refused);
    }

    pub(super) fn ended(self: &Arc<Self>, job: Job, ended: Ended) {
        let failure = match ended {
            Ok(Ok(())) => return job.claim.end(Ending::Handled),
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::panicked(panic),
        };
        // The thread that would have run it was never started, because its runtime is ending.
        if matches!(failure, Failure::NotStarted) {
            return;
        }
        let Job {
            handler,
            payload,
            claim,
            error: handed,
        } = job;
        let error = handler.failed(payload, failure);
        // A failure of an `on_error` handler is only logged, so that it cannot cause an endless
        // loop, and so is the error that it was called for.
        if let Some(handed) = handed {
            self.reports.failed(&handed);
            self.reports.failed(&error);
        } else if self.on_error.is_empty() {
            self.reports.failed(&error);
        } else {
            self.hand_to_error_handlers(&error, claim.event());
        }
        claim.end(Ending::Handled);
    }

    fn hand_to_error_handlers(self: &Arc<Self>, error: &HandlerError, event: &Acknowledgement) {
        for (handler, call) in &self.on_error {
            let place = Arc::clone(&self.places).try_acquire_owned().ok();
            // An `on_error` handler that cannot run must not hide the error, and must not make the
            // event refused.
            let Some(place) = place.filter(|_| !self.is_saturated(handler)) else {
                self.reports.failed(error);
                continue;
            };
            let job = Job {
                handler: Arc::clone(handler),
                payload: error.payload().cloned(),
                claim: event.claim(),
                error: Some(error.clone()),
            };
            self.start(job, call.work(self.bot.clone(), error.clone()), None, place);
        }
    }
}

/// A run whose panics are results.
pub(super) type Caught = Instrumented<CatchUnwind<AssertUnwindSafe<Run>>>;

pub(super) fn caught(run: Run, job: &Job) -> Caught {
    let span = span(&job.handler, job.payload.as_ref());
    AssertUnwindSafe(run).catch_unwind().instrument(span)
}

/// Everything that a handler logs is within this span. It is a `debug` span: if that level is off it
/// costs nothing.
fn span(handler: &Handler, payload: Option<&Payload>) -> Span {
    tracing::debug_span!(
        target: "smalld",
        "handler",
        handler = &*handler.label.name,
        shard = payload.and_then(Payload::shard).map(|(id, _)| id),
        event = &*subject(payload),
        seq = payload.and_then(Payload::s),
    )
}

#[cfg(test)]
mod tests;
