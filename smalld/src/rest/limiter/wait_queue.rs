//! A line of requests that wait for the same thing: first come first served. Pure.

use std::collections::BTreeMap;
use std::task::Waker;

/// Who waits, by the number of its ticket; a smaller number came earlier.
#[derive(Debug, Default)]
pub(crate) struct Line(BTreeMap<u64, Waiting>);

#[derive(Debug)]
struct Waiting {
    waker: Waker,
    /// Whether it would rather wait than be refused.
    patient: bool,
}

impl Line {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nobody with an earlier ticket waits.
    pub(crate) fn is_first(&self, ticket: u64) -> bool {
        self.0
            .first_key_value()
            .is_none_or(|(&first, _)| first >= ticket)
    }

    /// Joins the line at the ticket's place, or stays in it with a new waker.
    pub(crate) fn wait(&mut self, ticket: u64, waker: &Waker, patient: bool) {
        let waiting = self.0.entry(ticket).or_insert_with(|| Waiting {
            waker: waker.clone(),
            patient,
        });
        waiting.waker.clone_from(waker);
    }

    /// Leaves the line. Only the first is watching the clock, so whoever becomes it is woken.
    /// Gives whether it stood there.
    pub(crate) fn leave(&mut self, ticket: u64) -> bool {
        let was_first = self.is_first(ticket);
        let stood = self.0.remove(&ticket).is_some();
        if stood && was_first {
            self.wake_first();
        }
        stood
    }

    /// Those of another line join, each at its place.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn wake_first(&self) {
        if let Some((_, first)) = self.0.first_key_value() {
            first.waker.wake_by_ref();
        }
    }

    /// Wakes the first, and all who may have to be refused.
    pub(crate) fn wake_first_and_impatient(&self) {
        self.wake_first();
        self.0
            .values()
            .filter(|waiting| !waiting.patient)
            .for_each(|waiting| waiting.waker.wake_by_ref());
    }

    pub(crate) fn wake_all(&self) {
        self.0
            .values()
            .for_each(|waiting| waiting.waker.wake_by_ref());
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

    #[test]
    fn whoever_becomes_the_first_is_woken() {
        let (count, mut line) = (Arc::new(Count::default()), Line::default());
        let woken = || count.0.load(Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&count));
        for ticket in [3, 1, 2] {
            line.wait(ticket, &waker, true);
        }
        assert!(line.is_first(1) && !line.is_first(2));
        line.leave(2);
        assert_eq!(woken(), 0);
        line.leave(1);
        assert_eq!(woken(), 1);
        assert!(line.is_first(3));
    }
}
