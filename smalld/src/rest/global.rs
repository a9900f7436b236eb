//! The limit over all routes: so many requests begin in any second. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::rest::bucket::Gate;
use crate::rest::line::Line;

/// A second, and a little more: requests that left evenly may arrive a little closer.
const WINDOW: Duration = Duration::from_millis(1_050);

/// Counts the requests that left within the last second.
///
/// See [Discord Docs/Global Rate Limit](https://discord.com/developers/docs/topics/rate-limits#global-rate-limit).
#[derive(Debug)]
pub(crate) struct GlobalLimit {
    limit: usize,
    left: VecDeque<Instant>,
    closed_until: Option<Instant>,
    pub(crate) line: Line,
}

impl GlobalLimit {
    pub(crate) fn new(limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        Self {
            limit,
            left: VecDeque::new(),
            closed_until: None,
            line: Line::default(),
        }
    }

    pub(crate) fn gate(&mut self, now: Instant) -> Gate {
        if let Some(until) = self.closed_until.filter(|&until| until > now) {
            return Gate::Until(until);
        }
        while self.left.front().is_some_and(|&left| left + WINDOW <= now) {
            self.left.pop_front();
        }
        match self.left.front() {
            Some(&oldest) if self.left.len() >= self.limit => Gate::Until(oldest + WINDOW),
            _ => Gate::Open,
        }
    }

    pub(crate) fn take(&mut self, now: Instant) {
        self.left.push_back(now);
    }

    /// A 429 for the whole bot.
    pub(crate) fn close(&mut self, until: Instant) {
        self.closed_until = self.closed_until.max(Some(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_leave_in_a_second_and_the_next_when_the_first_is_a_second_old() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        for _ in 0..50 {
            assert_eq!(global.gate(start), Gate::Open);
            global.take(start);
        }
        assert_eq!(global.gate(start), Gate::Until(start + WINDOW));
        assert_eq!(global.gate(start + WINDOW), Gate::Open);
    }

    #[test]
    fn a_429_for_all_closes_it_for_the_longest_time_said() {
        let (mut global, start) = (GlobalLimit::new(50), Instant::now());
        global.close(start + Duration::from_secs(2));
        global.close(start + Duration::from_secs(1));
        assert_eq!(
            global.gate(start),
            Gate::Until(start + Duration::from_secs(2))
        );
        assert_eq!(global.gate(start + Duration::from_secs(2)), Gate::Open);
    }
}
