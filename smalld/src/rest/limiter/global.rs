//! The global limit: a number of requests in any second. Pure.
//!
//! Discord counts a request when it arrives, at some time between its start and its response. So a
//! request counts here until a second after its response; then no latency can bring the requests of
//! two seconds together. A request without a response counts until one second after its latest
//! possible arrival.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::rest::limiter::bucket::Gate;
use crate::rest::limiter::timing::MAX_TIME_TO_ARRIVE;
use crate::rest::limiter::wait_queue::WaitQueue;

/// A second, and a margin for clocks that run at different speeds.
const COUNTED: Duration = Duration::from_millis(1_010);

/// Counts the requests of the last second.
///
/// See [Discord Docs/Global Rate Limit](https://discord.com/developers/docs/topics/rate-limits#global-rate-limit).
#[derive(Debug)]
pub(crate) struct GlobalLimit {
    limit: usize,
    /// The requests that count, ordered by when they stop counting.
    counted: BTreeSet<Slot>,
    closed_until: Option<Instant>,
    pub(crate) queue: WaitQueue,
}

/// A request that counts until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    until: Instant,
    number: u64,
    is_answered: bool,
}

impl GlobalLimit {
    pub(crate) fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        Self {
            limit,
            counted: BTreeSet::new(),
            closed_until: None,
            queue: WaitQueue::default(),
        }
    }

    pub(crate) fn gate(&mut self, now: Instant) -> Gate {
        if let Some(until) = self.closed_until.filter(|&until| until > now) {
            return Gate::Until(until);
        }
        while self.counted.first().is_some_and(|slot| slot.until <= now) {
            self.counted.pop_first();
        }
        match self.counted.first() {
            Some(&Slot { until, .. }) if self.counted.len() >= self.limit => Gate::Until(until),
            _ => Gate::Open,
        }
    }

    /// Whether one more request is sure to exceed the limit. A request that left more than a second
    /// ago and has no response yet may or may not still count; a request that is not to wait for
    /// limits waits for that.
    pub(crate) fn forbids(&self, now: Instant) -> bool {
        let counts = |slot: &&Slot| slot.is_answered || slot.until > now + MAX_TIME_TO_ARRIVE;
        let is_closed = self.closed_until.is_some_and(|until| until > now);
        is_closed || self.counted.iter().filter(counts).count() >= self.limit
    }

    /// The request with this number is sent.
    pub(crate) fn take(&mut self, number: u64, now: Instant) -> Slot {
        let slot = Slot {
            until: now + MAX_TIME_TO_ARRIVE + COUNTED,
            number,
            is_answered: false,
        };
        self.counted.insert(slot);
        slot
    }

    /// The request was not sent after all.
    pub(crate) fn give_back(&mut self, slot: Slot) {
        if self.counted.remove(&slot) {
            self.queue.wake_first();
        }
    }

    /// The request has a response.
    pub(crate) fn answered(&mut self, slot: Slot, now: Instant) {
        let until = now + COUNTED;
        if until < slot.until && self.counted.remove(&slot) {
            self.counted.insert(Slot {
                until,
                is_answered: true,
                ..slot
            });
            self.queue.wake_first();
        }
    }

    /// A 429 for all requests closes it until then.
    pub(crate) fn close(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn fifty_leave_and_the_next_a_second_after_the_first_response() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        let mut slots = Vec::new();
        for number in 0..50 {
            assert_eq!(global.gate(start), Gate::Open);
            slots.push(global.take(number, start));
        }
        assert_eq!(global.gate(start), Gate::Until(millis(start, 2_010)));
        global.answered(slots[7], millis(start, 300));
        global.answered(slots[3], millis(start, 200));
        let open = millis(start, 1_210);
        assert_eq!(global.gate(start), Gate::Until(open));
        assert_eq!(global.gate(open), Gate::Open);
        global.take(50, open);
        assert_eq!(global.gate(open), Gate::Until(millis(start, 1_310)));
    }

    #[test]
    fn a_request_without_a_response_counts_for_two_seconds() {
        let (mut global, start) = (GlobalLimit::new(1), Instant::now());
        let slot = global.take(1, start);
        assert!(global.forbids(millis(start, 1_000)));
        assert!(!global.forbids(millis(start, 1_020)));
        global.answered(slot, millis(start, 1_500));
        assert_eq!(global.gate(start), Gate::Until(millis(start, 2_010)));
        assert_eq!(global.gate(millis(start, 2_010)), Gate::Open);
    }

    #[test]
    fn several_429s_for_all_requests_close_it_for_the_longest_time() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        global.close(millis(start, 2_000));
        global.close(millis(start, 1_000));
        assert_eq!(global.gate(start), Gate::Until(millis(start, 2_000)));
        assert_eq!(global.gate(millis(start, 2_000)), Gate::Open);
    }
}
