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
        if self.is_new(&sentence) {
            tracing::error!(target: "smalld", "{sentence}");
            // Without a runtime there is no minute to wait for: the next one is told too.
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(self.clone().count(sentence))),
                Err(_) => drop(self.forget(&sentence)),
            }
        }
    }

    fn is_new(&self, sentence: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = told.get_mut(sentence) {
            *again += 1;
            return false;
        }
        if told.len() < MOST {
            told.insert(sentence.to_owned(), 0);
        }
        true
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
