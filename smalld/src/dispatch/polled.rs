//! Which handler each thread is polling at this moment, written by the executor for a watchdog.
//!
//! It costs two relaxed stores a poll and reads no clock: the watchdog looks now and then, and a value
//! that has not changed between two looks is a poll that has not ended.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::unwind;

/// The lower bits of a slot are the handler's number, the upper ones count the polls.
const HANDLER_BITS: u32 = 24;
const IDLE: u64 = 0;

thread_local! {
    /// This thread's slot, if it belongs to a runtime that is watched.
    static SLOT: RefCell<Option<Slot>> = const { RefCell::new(None) };
}

struct Slot {
    value: Arc<AtomicU64>,
    polls: u64,
    has_woken_a_task: bool,
}

/// What the threads of one runtime are polling. Clones are cheap.
#[derive(Clone, Default)]
pub(crate) struct Polled(Arc<Mutex<Threads>>);

#[derive(Default)]
struct Threads {
    /// How many threads were ever watched. The next one gets this number.
    count: usize,
    watched: Vec<WatchedThread>,
}

struct WatchedThread {
    /// It stays the same when other threads end.
    number: usize,
    value: Weak<AtomicU64>,
}

impl Polled {
    /// Watches the thread that calls this, as long as it lives.
    pub(crate) fn watch_this_thread(&self) {
        let value = Arc::new(AtomicU64::new(IDLE));
        let mut threads = self.lock();
        let number = threads.count;
        threads.count += 1;
        threads.watched.push(WatchedThread {
            number,
            value: Arc::downgrade(&value),
        });
        drop(threads);
        let new = Slot {
            value,
            polls: 0,
            has_woken_a_task: false,
        };
        SLOT.with_borrow_mut(|slot| *slot = Some(new));
    }

    /// The polls that are going on.
    pub(crate) fn now(&self) -> Vec<OngoingPoll> {
        let mut threads = self.lock();
        threads
            .watched
            .retain(|thread| thread.value.strong_count() > 0);
        let polls = threads.watched.iter().filter_map(|thread| {
            let value = thread.value.upgrade()?.load(Ordering::Relaxed);
            let thread = thread.number;
            (value != IDLE).then_some(OngoingPoll { thread, value })
        });
        polls.collect()
    }

    /// Held for a few instructions only, never across an await.
    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A poll that has not ended yet. Two that are equal are one and the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OngoingPoll {
    thread: usize,
    value: u64,
}

impl OngoingPoll {
    /// The number of the handler that is polled.
    pub(crate) fn handler(self) -> u32 {
        let number = self.value & ((1 << HANDLER_BITS) - 1);
        u32::try_from(number).unwrap_or(0)
    }
}

/// Marks this thread as polling the handler until the guard is dropped.
pub(super) fn polling(handler: u32) -> Guard {
    SLOT.with_borrow_mut(|slot| {
        let watched = slot.as_mut().map(|slot| {
            slot.polls = slot.polls.wrapping_add(1);
            let value = slot.polls << HANDLER_BITS | u64::from(handler);
            let before = slot.value.load(Ordering::Relaxed);
            slot.value.store(value, Ordering::Relaxed);
            before
        });
        Guard(watched)
    })
}

/// Records that a task was spawned or woken on this thread by a task that continues.
pub(super) fn woke_a_task() {
    SLOT.with_borrow_mut(|slot| {
        if let Some(slot) = slot {
            slot.has_woken_a_task = true;
        }
    });
}

/// Lets other threads run the task that was woken here last, before this one may be blocked.
///
/// tokio keeps that task in a slot that only its own thread looks into (tokio-rs/tokio#4941). An empty
/// task takes its place there, and it moves to the queue that others steal from.
pub(super) fn release_woken_task() {
    let has_woken = SLOT.with_borrow_mut(|slot| {
        let slot = slot.as_mut();
        slot.is_some_and(|slot| std::mem::take(&mut slot.has_woken_a_task))
    });
    if has_woken && let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async {});
    }
}

/// Restores the previous value when it is dropped. That is `IDLE`, except for a poll within a poll.
pub(super) struct Guard(Option<u64>);

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(before) = self.0 else { return };
        SLOT.with_borrow_mut(|slot| {
            if let Some(slot) = slot {
                slot.value.store(before, Ordering::Relaxed);
            }
        });
    }
}

/// A run of a handler that is watched while it is polled, and while it is dropped, which must not spread
/// a panic.
pub(super) struct Watched<F> {
    /// `None` only while it is dropped.
    future: Option<F>,
    handler: u32,
}

impl<F> Watched<F> {
    pub(super) fn new(future: F, handler: u32) -> Self {
        let future = Some(future);
        Self { future, handler }
    }
}

impl<F> Drop for Watched<F> {
    fn drop(&mut self) {
        let _watched = polling(self.handler);
        unwind::drop_guarded(self.future.take());
    }
}

impl<F: Future + Unpin> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _watched = polling(self.handler);
        match &mut self.future {
            Some(future) => Pin::new(future).poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_poll_is_seen_while_it_lasts_and_differs_from_the_next_one() {
        let polled = Polled::default();
        let seen = polled.clone();
        std::thread::spawn(move || {
            assert_eq!(seen.now(), [], "this thread is not watched yet");
            seen.watch_this_thread();
            let first = polling(7);
            let one = seen.now();
            assert_eq!(
                one.iter().map(|poll| poll.handler()).collect::<Vec<_>>(),
                [7]
            );
            assert_eq!(seen.now(), one);
            drop(first);
            assert_eq!(seen.now(), []);
            let _second = polling(7);
            assert_ne!(seen.now(), one);
        })
        .join()
        .unwrap();
        assert_eq!(polled.now(), [], "the thread has ended");
    }

    #[test]
    fn a_poll_stays_the_same_when_another_thread_ends() {
        let polled = Polled::default();
        let watch = |handler| {
            let (seen, (end, ended)) = (polled.clone(), mpsc::channel::<()>());
            let (started, has_started) = mpsc::channel();
            let thread = std::thread::spawn(move || {
                seen.watch_this_thread();
                let _poll = polling(handler);
                started.send(()).unwrap();
                let _ = ended.recv();
            });
            has_started.recv().unwrap();
            (end, thread)
        };
        let (end_first, first) = watch(1);
        let (end_second, second) = watch(2);
        let both = polled.now();
        drop(end_first);
        first.join().unwrap();
        assert_eq!(polled.now(), both[1..]);
        drop(end_second);
        second.join().unwrap();
    }
}
