//! Who is running: counted by handler, so that a stop can wait for them and name who is left.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::dispatch::handler::Handler;

/// The runs that became tasks.
#[derive(Clone)]
pub(crate) struct Running {
    total: Arc<watch::Sender<usize>>,
    /// By the handler's address, which stands for it as long as it is held here.
    counts: Arc<Mutex<Counts>>,
    abandoned: Arc<watch::Sender<bool>>,
}

type Counts = BTreeMap<usize, (Arc<Handler>, usize)>;

impl Default for Running {
    fn default() -> Self {
        Self {
            total: Arc::new(watch::Sender::new(0)),
            counts: Arc::default(),
            abandoned: Arc::default(),
        }
    }
}

impl Running {
    /// Counts a run until the guard is dropped, however its task ends.
    pub(crate) fn enter(&self, handler: &Arc<Handler>) -> Guard {
        let key = Arc::as_ptr(handler) as usize;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .entry(key)
            .or_insert_with(|| (Arc::clone(handler), 0))
            .1 += 1;
        self.total.send_modify(|total| *total += 1);
        Guard {
            running: self.clone(),
            key,
        }
    }

    pub(crate) async fn idle(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.total.subscribe().wait_for(|&total| total == 0).await;
    }

    /// Who has not ended by now is dropped.
    pub(crate) fn abandon(&self) {
        self.abandoned.send_replace(true);
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let names = counts.values().map(|(handler, count)| match count {
            1 => handler.to_string(),
            _ => format!("{handler} {count} times"),
        });
        names.collect()
    }
}

pub(crate) struct Guard {
    running: Running,
    key: usize,
}

impl Guard {
    /// Waits until all that run are to be dropped.
    pub(crate) async fn abandoned(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self
            .running
            .abandoned
            .subscribe()
            .wait_for(|&abandoned| abandoned)
            .await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut counts = self
            .running
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
        drop(counts);
        self.running.total.send_modify(|total| *total -= 1);
    }
}
