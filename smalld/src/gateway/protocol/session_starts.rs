//! Number of session starts since a session lasted. The reconnect policy counts, and the
//! shard's checkpoint saves the number: both share one count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The count of one shard. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionStarts(Arc<AtomicU32>);

impl SessionStarts {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(AtomicU32::new(count)))
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// A session is started.
    pub(crate) fn add(&self) {
        // Only the shard's own task changes it.
        self.0
            .store(self.count().saturating_add(1), Ordering::Relaxed);
    }

    /// A session has lasted.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
