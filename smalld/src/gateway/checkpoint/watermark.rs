//! Watermark of a session: the sequence number up to which every event has been handled. A resume
//! from there loses none. Pure but for its lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::event::acknowledge::{Acknowledge, Ending};

/// An event counts as handled this long after it was received, even if its handlers are still
/// running. Otherwise a handler that hangs would hold back the watermark for ever.
const RELEASE_AFTER: Duration = Duration::from_secs(60);

/// The watermark of one session. Events of an older session move that session's watermark only.
#[derive(Debug)]
pub(crate) struct Watermark(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The newest number that this process received.
    newest: u64,
    /// The newest number that an earlier process received.
    received_before: u64,
    /// The event that is being delivered to its handlers. It is cleared only when all of them have
    /// it, so an event whose delivery is dropped half-way does not count as handled.
    delivering: Option<u64>,
    /// The events that handlers are working on, and how many there are of each number: if Discord
    /// sends a number twice, both events have to be handled.
    unhandled: BTreeMap<u64, u32>,
}

impl Watermark {
    /// Creates a watermark at `handled`, for a session of which an earlier process may have
    /// received more.
    pub(crate) fn new(handled: u64, received_before: u64) -> Self {
        Self(Mutex::new(State {
            newest: handled,
            received_before,
            delivering: None,
            unhandled: BTreeMap::new(),
        }))
    }

    /// An event was received, and is about to be delivered to its handlers. Returns the newest number
    /// before it.
    pub(crate) fn received(&self, seq: u64) -> u64 {
        let mut state = self.state();
        state.delivering = Some(seq);
        std::mem::replace(&mut state.newest, seq)
    }

    /// The event that was being delivered is malformed. It counts as not received, and Discord is asked to
    /// replay it; `before` is what `received` returned.
    pub(crate) fn withdrawn(&self, before: u64) {
        let mut state = self.state();
        state.newest = before;
        state.delivering = None;
    }

    /// The event has been delivered to all of its handlers.
    pub(crate) fn delivered(&self) {
        self.state().delivering = None;
    }

    /// Keeps the watermark below an event until its handlers have ended.
    pub(crate) fn unhandled(self: &Arc<Self>, seq: u64, received: Instant) -> Unhandled {
        *self.state().unhandled.entry(seq).or_default() += 1;
        Unhandled {
            watermark: Arc::clone(self),
            seq,
            received,
            ended: AtomicBool::new(false),
        }
    }

    /// The number up to which every event has been handled.
    pub(crate) fn handled(&self) -> u64 {
        self.state().handled()
    }

    /// The newest number that was received, by this process or an earlier one.
    pub(crate) fn newest_received(&self) -> u64 {
        let state = self.state();
        state.newest.max(state.received_before)
    }

    /// How many events an earlier process received and this one has not, because Discord has not
    /// replayed them.
    pub(crate) fn not_replayed(&self) -> u64 {
        let state = self.state();
        state.received_before.saturating_sub(state.newest)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn handled(&self) -> u64 {
        let unhandled = self.unhandled.first_key_value().map(|(&seq, _)| seq);
        let oldest = unhandled.into_iter().chain(self.delivering).min();
        oldest.map_or(self.newest, |seq| seq.saturating_sub(1))
    }

    fn remove(&mut self, seq: u64) {
        if let Some(events) = self.unhandled.get_mut(&seq) {
            *events -= 1;
            if *events == 0 {
                self.unhandled.remove(&seq);
            }
        }
    }
}

/// An event that keeps its session's watermark below it, until it has been handled or refused. If it
/// is abandoned, the watermark stays below it for good, and the next process gets the event again.
#[derive(Debug)]
pub(crate) struct Unhandled {
    watermark: Arc<Watermark>,
    seq: u64,
    received: Instant,
    ended: AtomicBool,
}

impl Unhandled {
    fn handled(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.watermark.state().remove(self.seq);
        }
    }
}

impl Acknowledge for Unhandled {
    fn acknowledge(&self, ending: Ending) {
        match ending {
            Ending::Handled | Ending::Refused => self.handled(),
            Ending::Abandoned => {}
        }
    }

    fn in_progress(&self) {
        if self.received.elapsed() >= RELEASE_AFTER {
            self.handled();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(watermark: &Arc<Watermark>, seq: u64) -> Unhandled {
        watermark.received(seq);
        let unhandled = watermark.unhandled(seq, Instant::now());
        watermark.delivered();
        unhandled
    }

    #[test]
    fn stays_below_the_oldest_unhandled_event() {
        let watermark = Arc::new(Watermark::new(1, 0));
        let (second, third) = (event(&watermark, 2), event(&watermark, 3));
        assert_eq!((watermark.handled(), watermark.newest_received()), (1, 3));
        third.handled();
        assert_eq!(watermark.handled(), 1);
        second.handled();
        assert_eq!(watermark.handled(), 3);
    }

    #[test]
    fn an_event_without_handlers_is_handled_once_it_is_delivered() {
        let watermark = Watermark::new(1, 0);
        watermark.received(2);
        assert_eq!(watermark.handled(), 1);
        watermark.delivered();
        assert_eq!(watermark.handled(), 2);
    }

    #[test]
    fn an_event_that_did_not_reach_all_of_its_handlers_is_not_handled() {
        let watermark = Arc::new(Watermark::new(1, 0));
        watermark.received(2);
        watermark
            .unhandled(2, Instant::now())
            .acknowledge(Ending::Handled);
        assert_eq!(watermark.handled(), 1);
    }

    #[test]
    fn handled_and_refused_events_move_it_and_abandoned_ones_do_not() {
        let watermark = Arc::new(Watermark::new(1, 0));
        let abandoned = event(&watermark, 4);
        event(&watermark, 2).acknowledge(Ending::Handled);
        event(&watermark, 3).acknowledge(Ending::Refused);
        assert_eq!(watermark.handled(), 3);
        abandoned.acknowledge(Ending::Abandoned);
        drop(abandoned);
        event(&watermark, 5).acknowledge(Ending::Handled);
        assert_eq!(watermark.handled(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_in_progress_is_released_a_minute_after_it_was_received() {
        let watermark = Arc::new(Watermark::new(1, 0));
        let slow = event(&watermark, 2);
        tokio::time::advance(Duration::from_millis(59_999)).await;
        slow.in_progress();
        assert_eq!(watermark.handled(), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        slow.in_progress();
        assert_eq!(watermark.handled(), 2);
        let _same_number = event(&watermark, 2);
        slow.acknowledge(Ending::Handled);
        assert_eq!(watermark.handled(), 1, "each event counts once");
    }

    #[test]
    fn a_malformed_event_counts_as_not_received() {
        let watermark = Arc::new(Watermark::new(6, 0));
        let before = watermark.received(7);
        let unhandled = watermark.unhandled(7, Instant::now());
        unhandled.handled();
        assert_eq!(watermark.handled(), 6);
        watermark.withdrawn(before);
        assert_eq!((watermark.handled(), watermark.newest_received()), (6, 6));
    }

    #[test]
    fn a_number_that_is_sent_twice_has_to_be_handled_twice() {
        let watermark = Arc::new(Watermark::new(6, 0));
        let (first, second) = (event(&watermark, 7), event(&watermark, 7));
        first.handled();
        assert_eq!(watermark.handled(), 6);
        second.handled();
        assert_eq!(watermark.handled(), 7);
    }

    #[test]
    fn remembers_what_an_earlier_process_received() {
        let watermark = Watermark::new(41, 44);
        assert_eq!(watermark.not_replayed(), 3);
        watermark.received(42);
        watermark.delivered();
        assert_eq!((watermark.handled(), watermark.newest_received()), (42, 44));
        assert_eq!(watermark.not_replayed(), 2);
        watermark.received(46);
        assert_eq!(
            (watermark.newest_received(), watermark.not_replayed()),
            (46, 0)
        );
    }
}
