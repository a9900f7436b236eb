//! How far the events of a session have been handled without a gap: the low-water mark that a
//! resume may start from without losing any. Pure but for its lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::acknowledge::Completion;

/// One session's. That of an older session stays with that one and moves nothing.
#[derive(Debug)]
pub(crate) struct Watermark(Mutex<State>);

#[derive(Debug)]
struct State {
    received: u64,
    /// What is being handed to its handlers. It is cleared only when that has come to its end, so
    /// an event that is dropped half-way is not taken for handled.
    dispatching: Option<u64>,
    /// What handlers are at work on, and how many events with this number: a number that Discord
    /// sends twice is handled twice.
    unfinished: BTreeMap<u64, u32>,
    /// The mark as it was when the bot stopped.
    frozen: Option<u64>,
}

impl Watermark {
    /// All up to this number has been handled.
    pub(crate) fn new(handled: u64) -> Self {
        Self(Mutex::new(State {
            received: handled,
            dispatching: None,
            unfinished: BTreeMap::new(),
            frozen: None,
        }))
    }

    /// An event is about to be handed to its handlers.
    pub(crate) fn received(&self, seq: u64) {
        let mut state = self.state();
        state.received = seq;
        state.dispatching = Some(seq);
    }

    /// It has been handed to all of them; those that took it hold its completion.
    pub(crate) fn dispatched(&self) {
        self.state().dispatching = None;
    }

    /// What handlers of this event hold while they are at work.
    pub(crate) fn completion(self: &Arc<Self>, seq: u64) -> Completion {
        *self.state().unfinished.entry(seq).or_default() += 1;
        Completion::of(Unfinished {
            watermark: Arc::clone(self),
            seq,
        })
    }

    /// The number up to which every event has been handled.
    pub(crate) fn handled(&self) -> u64 {
        self.state().handled()
    }

    /// The newest number that was received.
    pub(crate) fn newest(&self) -> u64 {
        self.state().received
    }

    /// The bot stops: what is abandoned from now on has not been handled.
    pub(crate) fn freeze(&self) {
        let mut state = self.state();
        state.frozen = Some(state.handled());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn handled(&self) -> u64 {
        if let Some(frozen) = self.frozen {
            return frozen;
        }
        let unfinished = self.unfinished.first_key_value().map(|(&seq, _)| seq);
        let oldest = unfinished.into_iter().chain(self.dispatching).min();
        oldest.map_or(self.received, |seq| seq.saturating_sub(1))
    }
}

struct Unfinished {
    watermark: Arc<Watermark>,
    seq: u64,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut state = self.watermark.state();
        if let Some(events) = state.unfinished.get_mut(&self.seq) {
            *events -= 1;
            if *events == 0 {
                state.unfinished.remove(&self.seq);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(watermark: &Arc<Watermark>, seq: u64) -> Completion {
        watermark.received(seq);
        let completion = watermark.completion(seq);
        watermark.dispatched();
        completion
    }

    #[test]
    fn the_mark_stays_below_the_oldest_event_that_is_not_handled() {
        let watermark = Arc::new(Watermark::new(1));
        let (second, third) = (event(&watermark, 2), event(&watermark, 3));
        assert_eq!((watermark.handled(), watermark.newest()), (1, 3));
        drop(third);
        assert_eq!(watermark.handled(), 1);
        let again = second.clone();
        drop(second);
        assert_eq!(watermark.handled(), 1, "another handler is at work");
        drop(again);
        assert_eq!(watermark.handled(), 3);
    }

    #[test]
    fn what_nobody_wants_is_handled_when_that_is_known() {
        let watermark = Watermark::new(1);
        watermark.received(2);
        assert_eq!(watermark.handled(), 1);
        watermark.dispatched();
        assert_eq!(watermark.handled(), 2);
    }

    #[test]
    fn an_event_that_did_not_reach_all_of_its_handlers_is_not_handled() {
        let watermark = Arc::new(Watermark::new(1));
        watermark.received(2);
        drop(watermark.completion(2));
        assert_eq!(watermark.handled(), 1);
    }

    #[test]
    fn what_is_abandoned_when_the_bot_stops_is_not_handled() {
        let watermark = Arc::new(Watermark::new(1));
        let abandoned = event(&watermark, 2);
        watermark.freeze();
        drop(abandoned);
        assert_eq!(watermark.handled(), 1);
    }

    #[test]
    fn a_number_that_comes_twice_is_handled_twice() {
        let watermark = Arc::new(Watermark::new(6));
        let (first, second) = (event(&watermark, 7), event(&watermark, 7));
        drop(first);
        assert_eq!(watermark.handled(), 6);
        drop(second);
        assert_eq!(watermark.handled(), 7);
    }
}
