//! Queue of requests that wait for the same thing, first come first served. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// Requests by their number; a smaller number came earlier.
#[derive(Debug, Default)]
pub(crate) struct WaitQueue {
    wakers: BTreeMap<u64, Waker>,
    /// Those that fail if they have to wait for a known limit.
    impatient: BTreeSet<u64>,
}

impl WaitQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Whether no earlier request waits.
    pub(crate) fn is_first(&self, number: u64) -> bool {
        self.wakers
            .first_key_value()
            .is_none_or(|(&first, _)| first >= number)
    }

    /// Joins the queue at the place of this number, or stays there with a new waker.
    pub(crate) fn wait(&mut self, number: u64, waker: &Waker, is_patient: bool) {
        self.wakers
            .entry(number)
            .or_insert_with(|| waker.clone())
            .clone_from(waker);
        if !is_patient {
            self.impatient.insert(number);
        }
    }

    /// Leaves the queue. Only the first request watches the clock, so the one that becomes the first
    /// is woken.
    pub(crate) fn leave(&mut self, number: u64) {
        let was_first = self.is_first(number);
        self.impatient.remove(&number);
        if self.wakers.remove(&number).is_some() && was_first {
            self.wake_first();
        }
    }

    /// Adds the requests of another queue, each at its place.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.wakers.append(&mut other.wakers);
        self.impatient.append(&mut other.impatient);
    }

    pub(crate) fn wake_first(&self) {
        if let Some((_, waker)) = self.wakers.first_key_value() {
            waker.wake_by_ref();
        }
    }

    /// Wakes the first request, and all that may have to be refused.
    pub(crate) fn wake_first_and_impatient(&self) {
        self.wake_first();
        let wakers = self.impatient.iter().filter_map(|it| self.wakers.get(it));
        wakers.for_each(Waker::wake_by_ref);
    }

    pub(crate) fn wake_all(&self) {
        self.wakers.values().for_each(Waker::wake_by_ref);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counting() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn the_request_that_becomes_the_first_is_woken() {
        let ((count, waker), mut queue) = (counting(), WaitQueue::default());
        let woken = || count.0.load(Ordering::Relaxed);
        for number in [3, 1, 2] {
            queue.wait(number, &waker, true);
        }
        assert!(queue.is_first(1) && !queue.is_first(2));
        queue.leave(2);
        assert_eq!(woken(), 0);
        queue.leave(1);
        assert_eq!(woken(), 1);
        assert!(queue.is_first(3));
    }

    #[test]
    fn impatient_requests_are_woken_wherever_they_stand() {
        let ((count, waker), mut queue) = (counting(), WaitQueue::default());
        for number in 0..100 {
            queue.wait(number, &waker, number % 10 != 5);
        }
        queue.wake_first_and_impatient();
        assert_eq!(count.0.load(Ordering::Relaxed), 11);
    }
}
