//! Reports of failed, slow and refused runs: each is logged once, and the same one again and again as a
//! count per minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::HandlerError;

const COUNT_INTERVAL: Duration = Duration::from_secs(60);
/// Reports that contain ids all differ. Beyond this many different ones, each is logged.
const MAX_COUNTED: usize = 1_000;

/// The reports of one bot. Clones are cheap.
#[derive(Clone, Default)]
pub(super) struct Reports {
    counts: Arc<Mutex<Counts>>,
    control: Option<Handle>,
}

#[derive(Default)]
struct Counts {
    by_sentence: HashMap<String, Count>,
    /// The one task that logs the counts, while there is something to count.
    task: Option<AbortHandle>,
}

/// How often a report came again within the minute that ends at `until`.
struct Count {
    severity: Severity,
    again: u64,
    until: Instant,
}

#[derive(Clone, Copy)]
enum Severity {
    Error,
    Warning,
}

impl Reports {
    /// Its timers run on `control` or, without it, on the runtime of the caller.
    pub(super) fn new(control: Option<Handle>) -> Self {
        Self {
            counts: Arc::default(),
            control,
        }
    }

    pub(super) fn failed(&self, error: &HandlerError) {
        self.report(Severity::Error, &error.to_string());
    }

    pub(super) fn warn(&self, sentence: &str) {
        self.report(Severity::Warning, sentence);
    }

    pub(super) fn refused(&self, handler: &Handler, event: &str) {
        let sentence = format!(
            "handler {handler} refused {event}: too many of its earlier runs have not ended"
        );
        self.report(Severity::Error, &sentence);
    }

    /// Logs what has been counted so far, and leaves no task behind.
    pub(super) fn end(&self) {
        let mut counts = self.lock();
        if let Some(task) = counts.task.take() {
            task.abort();
        }
        let counted: Vec<_> = counts.by_sentence.drain().collect();
        drop(counts);
        for (sentence, count) in counted {
            count.log(&sentence);
        }
    }

    fn report(&self, severity: Severity, sentence: &str) {
        if !matches!(self.count(severity, sentence), Counted::Again) {
            severity.log(format_args!("{sentence}"));
        }
    }

    fn count(&self, severity: Severity, sentence: &str) -> Counted {
        let mut counts = self.lock();
        if let Some(count) = counts.by_sentence.get_mut(sentence) {
            count.again += 1;
            return Counted::Again;
        }
        // Without a runtime there are no timers, so nothing is counted.
        let Some(runtime) = self.control.clone().or_else(|| Handle::try_current().ok()) else {
            return Counted::Not;
        };
        if counts.by_sentence.len() >= MAX_COUNTED {
            return Counted::Not;
        }
        let count = Count {
            severity,
            again: 0,
            until: Instant::now() + COUNT_INTERVAL,
        };
        counts.by_sentence.insert(sentence.to_owned(), count);
        if counts.task.as_ref().is_none_or(AbortHandle::is_finished) {
            let task = runtime.spawn(log_counts(Arc::downgrade(&self.counts)));
            counts.task = Some(task.abort_handle());
        }
        Counted::First
    }

    /// What has been reported within the last minute.
    #[cfg(test)]
    pub(super) fn sentences(&self) -> Vec<String> {
        self.lock().by_sentence.keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }
}

/// Held for a few instructions only, never across an await.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logs each count when its minute is over, until there is none left.
async fn log_counts(counts: Weak<Mutex<Counts>>) {
    while let Some(counts) = counts.upgrade() {
        let (over, next) = lock(&counts).take_over(Instant::now());
        for (sentence, count) in over {
            count.log(&sentence);
        }
        drop(counts);
        let Some(next) = next else { return };
        tokio::time::sleep_until(next).await;
    }
}

impl Counts {
    /// Removes what was counted for a minute. Also returns when the next minute ends, if one runs.
    fn take_over(&mut self, now: Instant) -> (Vec<(String, Count)>, Option<Instant>) {
        let over = self
            .by_sentence
            .extract_if(|_, count| count.until <= now)
            .collect();
        let next = self.by_sentence.values().map(|count| count.until).min();
        if next.is_none() {
            self.task = None;
        }
        (over, next)
    }
}

impl Count {
    fn log(&self, sentence: &str) {
        let again = self.again;
        if again > 0 {
            let line = format_args!("{again} more in the last minute: {sentence}");
            self.severity.log(line);
        }
    }
}

impl Severity {
    fn log(self, line: std::fmt::Arguments<'_>) {
        match self {
            Self::Error => tracing::error!(target: "smalld", "{line}"),
            Self::Warning => tracing::warn!(target: "smalld", "{line}"),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Counted {
    First,
    /// It was logged within this minute.
    Again,
    /// Too many different ones are counted, or there is no runtime.
    Not,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> usize {
        Handle::current().metrics().num_alive_tasks()
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_failure_is_logged_once_and_counted_for_a_minute() {
        let reports = Reports::default();
        reports.report(Severity::Error, "broken");
        for _ in 0..5 {
            assert_eq!(reports.count(Severity::Error, "broken"), Counted::Again);
        }
        assert_eq!(reports.lock().by_sentence["broken"].again, 5);
        tokio::time::sleep(COUNT_INTERVAL * 2).await;
        assert_eq!(tasks(), 0);
        assert_eq!(reports.count(Severity::Error, "broken"), Counted::First);
    }

    #[tokio::test(start_paused = true)]
    async fn more_failures_than_can_be_counted_share_one_task() {
        let reports = Reports::default();
        for failure in 0..2 * MAX_COUNTED {
            reports.report(Severity::Error, &failure.to_string());
        }
        assert_eq!(tasks(), 1);
        assert_eq!(reports.count(Severity::Error, "another"), Counted::Not);
        reports.end();
        tokio::task::yield_now().await;
        assert_eq!(tasks(), 0);
        assert_eq!(reports.count(Severity::Error, "another"), Counted::First);
    }
}
