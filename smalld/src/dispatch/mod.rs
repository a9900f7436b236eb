//! Runs handlers: concurrently, bounded in number, each failure its own. It takes events from any
//! source and knows nothing of sockets.

mod extract;
mod handler;
mod handler_error;
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

pub use self::extract::{
    FromBot, FromEvent, State, ViaEvent, check, check_from_bot, check_with_failure, extract,
    extract_from_bot,
};
pub use self::handler::Handlers;
pub use self::handler_error::HandlerError;
pub use self::outcome::{Failure, Outcome, outcome};
pub use self::registration::{Call, Field, Filter, Kind, Registration, Scalar};

pub(crate) use self::extract::States;
pub(crate) use self::handler::Handler;

use self::ordered::Queues;
use self::report::Reports;
use self::running::Running;
use self::table::DispatchTable;
use crate::bot::SmallD;
use crate::event::{Origin, Payload};
use crate::gateway::Shard;
use crate::header::Header;

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
    on_error: Arc<[Arc<Handler>]>,
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
            on_error: handlers.of(Kind::Error).cloned().collect(),
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
            let Some(room) = self.room().await else {
                return;
            };
            self.start(handler, payload.seen(handler.whole), room);
        }
    }

    /// Runs the handlers of the start. Ready when they have ended, or are slow.
    pub(crate) async fn begin(&self, handlers: &Handlers, shard: &Shard) {
        for handler in handlers.of(Kind::Start) {
            let Some(room) = self.room().await else {
                return;
            };
            self.start(handler, Payload::of_the_start(shard), room);
        }
        let _ = tokio::time::timeout(SLOW, self.idle()).await;
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

    fn report(&self, handler: &Arc<Handler>, payload: &Payload, ended: Ended) {
        let failure = match ended {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::panicked(&*panic),
        };
        let error = HandlerError::new(handler, payload, failure);
        // What fails while it handles an error is told plainly, or it would never end.
        if handler.kind == Kind::Error || self.on_error.is_empty() {
            return self.reports.failed(&error);
        }
        for handler in &*self.on_error {
            match Arc::clone(&self.room).try_acquire_owned() {
                Ok(room) => self.start(handler, payload.with_failure(&error), room),
                Err(_) => self.reports.failed(&error),
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Identity, Session};
    use crate::intents::Intents;
    use crate::token::Token;

    const READY: &str =
        r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r"}}"#;
    const UNWANTED: &str =
        r#"{"t":"PRESENCE_UPDATE","s":2,"op":0,"d":{"user":{"id":"1"},"status":"idle"}}"#;
    const FILTERED: &str = r#"{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"type":3,"data":{"name":"other","note":"\"quoted\""}}}"#;
    const WANTED: &str =
        r#"{"t":"INTERACTION_CREATE","s":4,"op":0,"d":{"type":3,"data":{"name":"greet"}}}"#;

    /// The way of an event from the text of its frame to where nobody wants it.
    fn take(session: &mut Session, dispatcher: &Dispatcher, shard: &Shard, text: &str) {
        let header = Header::parse(text).unwrap();
        let _ = session.received(&header);
        let (shard, session) = (shard.clone(), session.id());
        let origin = Origin {
            shard,
            session,
            replay: false,
        };
        let handed_on = dispatcher.dispatch(&header, text, &origin).now_or_never();
        assert!(handed_on.is_some());
    }

    #[test]
    fn an_event_that_nobody_wants_allocates_nothing() {
        let fields: &'static [Field] = &[
            Field {
                pointer: "/type",
                tokens: &["type"],
                is: Scalar::Integer(3),
            },
            Field {
                pointer: "/data/name",
                tokens: &["data", "name"],
                is: Scalar::String("greet"),
            },
        ];
        let handlers = Handlers::new()
            .on("MESSAGE_CREATE", |_, _| async {})
            .filtered("INTERACTION_CREATE", fields, |_, _| async {});
        let bot = SmallD::builder()
            .token("a.b.c")
            .base_url("http://127.0.0.1:1")
            .build()
            .unwrap();
        let token = Token::new("a.b.c").unwrap();
        let extra = serde_json::Map::new();
        let mut session = Session::new(Identity {
            token,
            intents: Intents::all(),
            shard: (0, 1),
            extra,
        });
        let (dispatcher, shard) = (Dispatcher::new(bot, &handlers), Shard::new(0, 1));
        take(&mut session, &dispatcher, &shard, READY);
        let mut allocations = |text| {
            let taking = || take(&mut session, &dispatcher, &shard, text);
            allocation_counter::measure(taking).count_total
        };
        // The first time sets up what is kept.
        allocations(UNWANTED);
        assert_eq!(allocations(UNWANTED), 0);
        assert_eq!(allocations(FILTERED), 0);
        assert_ne!(allocations(WANTED), 0);
    }

    fn dispatcher(handlers: &Handlers) -> Dispatcher {
        let bot = SmallD::builder()
            .token("a.b.c")
            .base_url("http://127.0.0.1:1")
            .build()
            .unwrap();
        Dispatcher::new(bot, handlers)
    }

    async fn event(dispatcher: &Dispatcher, name: &str) {
        let text = format!(r#"{{"op":0,"t":"{name}","s":1,"d":{{}}}}"#);
        let (shard, session) = (Shard::new(0, 1), None);
        let origin = Origin {
            shard,
            session,
            replay: false,
        };
        let header = Header::parse(&text).unwrap();
        dispatcher.dispatch(&header, &text, &origin).await;
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_bound_an_event_waits_until_the_slow_give_their_places_back() {
        let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
        let dispatcher = dispatcher(&handlers);
        for _ in 0..ROOM {
            event(&dispatcher, "HANG").now_or_never().unwrap();
        }
        let begun = tokio::time::Instant::now();
        event(&dispatcher, "HANG").await;
        assert_eq!(begun.elapsed(), SLOW);
        // What nobody wants needs no room.
        event(&dispatcher, "UNWANTED").now_or_never().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_second_bound_events_of_the_hanging_handler_alone_are_refused() {
        let answered = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = Arc::clone(&answered);
        let handlers = Handlers::new()
            .on("HANG", |_, _| std::future::pending::<()>())
            .on("FINE", move |_, _| {
                counter.fetch_add(1, Ordering::Relaxed);
                async {}
            });
        let dispatcher = dispatcher(&handlers);
        for _ in 0..MOST_SLOW + ROOM {
            event(&dispatcher, "HANG").await;
        }
        tokio::time::sleep(SLOW * 2).await;
        let hanging = handlers.iter().next().unwrap();
        let slow = hanging.slow.load(Ordering::Relaxed);
        assert!(slow >= MOST_SLOW, "{slow}");
        event(&dispatcher, "HANG").now_or_never().unwrap();
        tokio::time::sleep(SLOW * 2).await;
        assert_eq!(hanging.slow.load(Ordering::Relaxed), slow);
        event(&dispatcher, "FINE").now_or_never().unwrap();
        assert_eq!(answered.load(Ordering::Relaxed), 1);
    }
}
