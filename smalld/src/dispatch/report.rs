//! Tells what handlers failed with: each failure once, and the same one again and again as a
//! count per minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::HandlerError;
use crate::event::Payload;

const WINDOW: Duration = Duration::from_secs(60);
/// Failures that name ids differ each time; beyond this many at once they are all told.
const MOST: usize = 1_000;

#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    failures: HashMap<String, Again>,
    /// The one task that tells the counts, while there is something to count.
    counting: Option<AbortHandle>,
}

/// How often a failure came again within the minute that ends then.
struct Again {
    times: u64,
    until: Instant,
}

impl Reports {
    pub(crate) fn failed(&self, error: &HandlerError) {
        self.tell(&error.to_string());
    }

    pub(crate) fn refused(&self, handler: &Handler, payload: &Payload) {
        self.tell(&format!(
            "handler {handler} refused {}: too many of its earlier runs have not ended",
            payload.name()
        ));
    }

    /// Tells what has been counted so far; no task is left behind.
    pub(crate) fn end(&self) {
        let mut told = self.lock();
        if let Some(counting) = told.counting.take() {
            counting.abort();
        }
        let counted: Vec<_> = told.failures.drain().collect();
        drop(told);
        for (sentence, again) in counted {
            again.tell(&sentence);
        }
    }

    fn tell(&self, sentence: &str) {
        if !matches!(self.note(sentence), Noted::Again) {
            tracing::error!(target: "smalld", "{sentence}");
        }
    }

    fn note(&self, sentence: &str) -> Noted {
        let mut told = self.lock();
        if let Some(again) = told.failures.get_mut(sentence) {
            again.times += 1;
            return Noted::Again;
        }
        // Without a runtime there is no minute to wait for: the next one is told too.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return Noted::Uncounted;
        };
        if told.failures.len() >= MOST {
            return Noted::Uncounted;
        }
        let until = Instant::now() + WINDOW;
        told.failures
            .insert(sentence.to_owned(), Again { times: 0, until });
        if told.counting.is_none() {
            let counting = runtime.spawn(count(Arc::downgrade(&self.0)));
            told.counting = Some(counting.abort_handle());
        }
        Noted::First
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells each count when its minute is over, until there is none left.
async fn count(told: Weak<Mutex<Told>>) {
    while let Some(told) = told.upgrade().map(Reports) {
        let (over, next) = told.lock().over(Instant::now());
        for (sentence, again) in over {
            again.tell(&sentence);
        }
        drop(told);
        let Some(next) = next else { return };
        tokio::time::sleep_until(next).await;
    }
}

impl Told {
    /// Takes what was counted for a minute; and says when the next minute ends, if there is one.
    fn over(&mut self, now: Instant) -> (Vec<(String, Again)>, Option<Instant>) {
        let over = self
            .failures
            .extract_if(|_, again| again.until <= now)
            .collect();
        let next = self.failures.values().map(|again| again.until).min();
        if next.is_none() {
            self.counting = None;
        }
        (over, next)
    }
}

impl Again {
    fn tell(&self, sentence: &str) {
        let times = self.times;
        if times > 0 {
            tracing::error!(target: "smalld", "{times} more in the last minute: {sentence}");
        }
    }
}

/// What is known of a failure already.
#[derive(Debug, PartialEq)]
enum Noted {
    First,
    /// It was told within this minute.
    Again,
    /// It is not counted: so many different ones are, or there is no runtime.
    Uncounted,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> usize {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_again_and_again_is_told_once_and_counted_for_a_minute() {
        let reports = Reports::default();
        reports.tell("broken");
        for _ in 0..5 {
            assert_eq!(reports.note("broken"), Noted::Again);
        }
        assert_eq!(reports.lock().failures["broken"].times, 5);
        tokio::time::sleep(WINDOW * 2).await;
        assert_eq!(tasks(), 0);
        assert_eq!(reports.note("broken"), Noted::First);
    }

    #[tokio::test(start_paused = true)]
    async fn more_different_failures_than_can_be_counted_are_told_by_one_task() {
        let reports = Reports::default();
        for failure in 0..2 * MOST {
            reports.tell(&failure.to_string());
        }
        assert_eq!(tasks(), 1);
        assert_eq!(reports.note("another"), Noted::Uncounted);
        reports.end();
        tokio::task::yield_now().await;
        assert_eq!(tasks(), 0);
        assert_eq!(reports.note("another"), Noted::First);
    }
}
