//! The log of a bot that runs in the process of the test: what it reports through `tracing`.
//!
//! The bot is on the thread of the test, unless the test asked for a runtime with several threads. So a
//! subscriber for this thread sees it and all its tasks, and tests that run at the same time have logs of
//! their own. A subscriber that the program has set for all threads stays in charge.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// Older lines are removed.
const MAX_LINES: usize = 200;
/// Longer lines are cut.
const MAX_LINE_LENGTH: usize = 2_000;

/// The newest lines of a log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: Mutex<VecDeque<String>>,
}

struct Capture {
    log: Arc<Log>,
    /// Makes this thread report to us.
    _guard: DefaultGuard,
}

thread_local! {
    static CAPTURE: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

impl Log {
    /// Records what is reported on this thread, until another log does.
    pub(crate) fn capture(self: &Arc<Self>) {
        // One subscriber for all threads that capture: it is known to every place that reports.
        static SUBSCRIBER: OnceLock<Dispatch> = OnceLock::new();
        let before = CAPTURE.take();
        if before.is_none() && is_someone_listening() {
            return;
        }
        drop(before);
        let dispatch = SUBSCRIBER.get_or_init(|| Dispatch::new(ToThread));
        CAPTURE.set(Some(Capture {
            log: Arc::clone(self),
            _guard: tracing::dispatcher::set_default(dispatch),
        }));
    }

    /// Stops recording, if this log is the one of this thread.
    pub(crate) fn release(self: &Arc<Self>) {
        // A thread that ends has no capture any more.
        let _ = CAPTURE.try_with(|capture| {
            let mut capture = capture.borrow_mut();
            if capture
                .as_ref()
                .is_some_and(|capture| Arc::ptr_eq(&capture.log, self))
            {
                *capture = None;
            }
        });
    }

    /// The lines so far, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Whether the program has a subscriber of its own.
fn is_someone_listening() -> bool {
    tracing::dispatcher::get_default(|dispatch| !dispatch.is::<tracing::subscriber::NoSubscriber>())
}

/// Writes events to the log of the thread.
struct ToThread;

impl Subscriber for ToThread {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        // Spans are not shown, so that all may be the same.
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let log = CAPTURE.try_with(|capture| {
            let capture = capture.try_borrow().ok()?;
            capture.as_ref().map(|capture| Arc::clone(&capture.log))
        });
        let Ok(Some(log)) = log else { return };
        let metadata = event.metadata();
        let mut line = Line(format!("{:5} {}:", metadata.level(), metadata.target()));
        event.record(&mut line);
        log.push(line.0.chars().take(MAX_LINE_LENGTH).collect());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The message, and fields as `name=value`.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
