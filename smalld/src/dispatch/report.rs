//! Tells what handlers failed with: each failure once, and the same one again and again as a
//! count per minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::HandlerError;
use crate::event::Payload;

const WINDOW: Duration = Duration::from_secs(60);
/// Failures that name ids differ each time; beyond this many at once they are all told.
const MOST: usize = 1_000;

#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<HashMap<String, u64>>>);

impl Reports {
    pub(crate) fn failed(&self, error: &HandlerError) {
        self.tell(error.to_string());
    }

    pub(crate) fn refused(&self, handler: &Handler, payload: &Payload) {
        self.tell(format!(
            "handler {handler} refused {}: too many of its earlier runs have not ended",
            payload.name()
        ));
    }

    fn tell(&self, sentence: String) {
        let noted = self.note(&sentence);
        if !matches!(noted, Noted::Again) {
            tracing::error!(target: "smalld", "{sentence}");
        }
        if matches!(noted, Noted::First) {
            self.count_for_a_minute(sentence);
        }
    }

    fn note(&self, sentence: &str) -> Noted {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = told.get_mut(sentence) {
            *again += 1;
            return Noted::Again;
        }
        if told.len() >= MOST {
            return Noted::Uncounted;
        }
        told.insert(sentence.to_owned(), 0);
        Noted::First
    }

    fn count_for_a_minute(&self, sentence: String) {
        // Without a runtime there is no minute to wait for: the next one is told too.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(self.clone().count(sentence))),
            Err(_) => drop(self.forget(&sentence)),
        }
    }

    async fn count(self, sentence: String) {
        tokio::time::sleep(WINDOW).await;
        if let Some(again @ 1..) = self.forget(&sentence) {
            tracing::error!(target: "smalld", "{again} more in the last minute: {sentence}");
        }
    }

    fn forget(&self, sentence: &str) -> Option<u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(sentence)
    }
}

/// What is known of a failure already.
enum Noted {
    First,
    /// It was told within this minute.
    Again,
    /// So many different ones are counted that this one is not.
    Uncounted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_again_and_again_is_told_once_and_counted_for_a_minute() {
        let reports = Reports::default();
        reports.tell("broken".to_owned());
        for _ in 0..5 {
            assert!(matches!(reports.note("broken"), Noted::Again));
        }
        assert_eq!(reports.0.lock().unwrap().get("broken"), Some(&5));
        tokio::time::sleep(WINDOW * 2).await;
        assert!(matches!(reports.note("broken"), Noted::First));
    }

    #[tokio::test(start_paused = true)]
    async fn more_different_failures_than_can_be_counted_are_told_without_a_task_each() {
        let reports = Reports::default();
        for failure in 0..2 * MOST {
            reports.tell(failure.to_string());
        }
        let alive = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        assert_eq!(alive, MOST);
        assert!(matches!(reports.note("another"), Noted::Uncounted));
    }
}
