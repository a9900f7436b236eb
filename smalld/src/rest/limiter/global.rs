//! The limit over all routes: so many requests in any second. Pure.
//!
//! Discord counts a request when it arrives, which is somewhere between its start and its answer.
//! So it is held against the limit until a second after its answer: then no delay on the way can
//! bring two seconds' requests together. One that takes long is given up waiting for.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::rest::limiter::bucket::Gate;
use crate::rest::limiter::wait_queue::Line;

/// A second, and a little for clocks that do not tick alike.
const WINDOW: Duration = Duration::from_millis(1_010);
/// Whatever takes longer has arrived long before its answer: an upload, or work for Discord.
const LATEST_ARRIVAL: Duration = Duration::from_secs(1);

/// Counts the requests of the last second.
///
/// See [Discord Docs/Global Rate Limit](https://discord.com/developers/docs/topics/rate-limits#global-rate-limit).
#[derive(Debug)]
pub(crate) struct GlobalLimit {
    limit: usize,
    /// Until when which request counts, the first to end first.
    counted: BTreeSet<Slot>,
    closed_until: Option<Instant>,
    pub(crate) line: Line,
}

/// A request that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    until: Instant,
    ticket: u64,
    answered: bool,
}

impl GlobalLimit {
    pub(crate) fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        Self {
            limit,
            counted: BTreeSet::new(),
            closed_until: None,
            line: Line::default(),
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

    /// Whether more would surely break it. Of a request that left more than a second ago and has
    /// no answer yet, nobody knows: whoever does not wait for limits waits for that.
    pub(crate) fn forbids(&self, now: Instant) -> bool {
        let counts = |slot: &&Slot| slot.answered || slot.until > now + LATEST_ARRIVAL;
        let closed = self.closed_until.is_some_and(|until| until > now);
        closed || self.counted.iter().filter(counts).count() >= self.limit
    }

    /// The request of this ticket leaves.
    pub(crate) fn take(&mut self, ticket: u64, now: Instant) -> Slot {
        let slot = Slot {
            until: now + LATEST_ARRIVAL + WINDOW,
            ticket,
            answered: false,
        };
        self.counted.insert(slot);
        slot
    }

    /// It is answered.
    pub(crate) fn answered(&mut self, slot: Slot, now: Instant) {
        let until = now + WINDOW;
        if until < slot.until && self.counted.remove(&slot) {
            let answered = true;
            self.counted.insert(Slot {
                until,
                answered,
                ..slot
            });
            self.line.wake_first();
        }
    }

    /// A 429 for the whole bot.
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
    fn fifty_leave_and_the_next_a_second_after_the_first_answer() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        let mut slots = Vec::new();
        for ticket in 0..50 {
            assert_eq!(global.gate(start), Gate::Open);
            slots.push(global.take(ticket, start));
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
    fn one_that_takes_long_counts_for_two_seconds() {
        let (mut global, start) = (GlobalLimit::new(1), Instant::now());
        let slot = global.take(1, start);
        assert!(global.forbids(millis(start, 1_000)));
        assert!(!global.forbids(millis(start, 1_020)));
        global.answered(slot, millis(start, 1_500));
        assert_eq!(global.gate(start), Gate::Until(millis(start, 2_010)));
        assert_eq!(global.gate(millis(start, 2_010)), Gate::Open);
    }

    #[test]
    fn a_429_for_all_closes_it_for_the_longest_time_said() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        global.close(millis(start, 2_000));
        global.close(millis(start, 1_000));
        assert_eq!(global.gate(start), Gate::Until(millis(start, 2_000)));
        assert_eq!(global.gate(millis(start, 2_000)), Gate::Open);
    }
}
