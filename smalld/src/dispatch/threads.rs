//! Threads for handlers that may block. Their number is limited, and one handler may use only a
//! part of them, so a handler that hangs leaves threads to the others and to the rest of the
//! program.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::dispatch::handler::Handler;

/// One handler may have this part of all threads.
const PARTS: usize = 4;

pub(super) struct Threads {
    all: Arc<Semaphore>,
    limit: usize,
    per_handler: usize,
    /// How many threads are taken by slow runs.
    slow: AtomicUsize,
    /// Wakes those that wait for a thread when all threads are slow.
    exhausted: Notify,
    of_handlers: Mutex<HashMap<u32, Arc<OfHandler>>>,
}

/// The threads of one handler.
struct OfHandler {
    threads: Arc<Semaphore>,
    /// Wakes those that wait for a thread when all of its threads are slow.
    saturated: Notify,
}

/// The right to one thread.
pub(super) struct Thread {
    _of_all: OwnedSemaphorePermit,
    _of_handler: OwnedSemaphorePermit,
}

impl Threads {
    pub(super) fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(threads)),
            limit: threads,
            per_handler: threads.div_ceil(PARTS),
            slow: AtomicUsize::new(0),
            exhausted: Notify::new(),
            of_handlers: Mutex::default(),
        }
    }

    /// How many threads one handler may have.
    pub(super) fn per_handler(&self) -> usize {
        self.per_handler
    }

    /// Waits for a thread; `None` if all of this handler's threads, or all threads, have become slow.
    pub(super) async fn acquire(&self, handler: &Handler) -> Option<Thread> {
        let own = self.of_handler(handler);
        let (saturated, exhausted) = (own.saturated.notified(), self.exhausted.notified());
        if handler.slow.load(Ordering::Relaxed) >= self.per_handler
            || self.slow.load(Ordering::Relaxed) >= self.limit
        {
            return None;
        }
        let acquiring = async {
            let of_handler = Arc::clone(&own.threads).acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Thread {
                _of_all: of_all,
                _of_handler: of_handler,
            })
        };
        tokio::select! {
            biased;
            () = saturated => None,
            () = exhausted => None,
            thread = acquiring => thread,
        }
    }

    /// Wakes the runs that wait for a thread of this handler, because all of them have become slow.
    pub(super) fn saturated(&self, handler: &Handler) {
        self.of_handler(handler).saturated.notify_waiters();
    }

    /// Counts a slow run until the guard is dropped. If slow runs take all threads, the runs that
    /// wait for one are refused; otherwise these would hold places that handlers without a thread
    /// need.
    pub(super) fn slow(&self) -> SlowThread<'_> {
        if self.slow.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit {
            self.exhausted.notify_waiters();
        }
        SlowThread(self)
    }

    fn of_handler(&self, handler: &Handler) -> Arc<OfHandler> {
        let new = || OfHandler {
            threads: Arc::new(Semaphore::new(self.per_handler)),
            saturated: Notify::new(),
        };
        Arc::clone(
            self.lock()
                .entry(handler.id)
                .or_insert_with(|| Arc::new(new())),
        )
    }

    /// Held for a few instructions only, never across an await.
    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Arc<OfHandler>>> {
        self.of_handlers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that a slow run has taken.
pub(super) struct SlowThread<'t>(&'t Threads);

impl Drop for SlowThread<'_> {
    fn drop(&mut self) {
        self.0.slow.fetch_sub(1, Ordering::Relaxed);
    }
}
