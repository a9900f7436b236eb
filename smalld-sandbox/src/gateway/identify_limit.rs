//! Limits of IDENTIFY: one per window for each group of shards, and a number per day. Pure: the
//! time is an argument.
//!
//! See [Discord Docs/Session Start Limit].
//!
//! [Discord Docs/Session Start Limit]: https://discord.com/developers/docs/events/gateway#session-start-limit-object

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

const DAY: Duration = Duration::from_secs(86_400);

/// What a bot is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Allowance {
    /// How long after an IDENTIFY another one of the same group is too early.
    pub(crate) window: Duration,
    /// In how many groups shards may identify at the same time.
    pub(crate) max_concurrency: u64,
    /// How many times a day.
    pub(crate) total: usize,
    /// How many of these are used up from the start.
    pub(crate) spent: usize,
}

#[derive(Debug)]
pub(crate) struct IdentifyLimit {
    allowance: Allowance,
    spent: usize,
    /// When the day began: with its first IDENTIFY, or at the start if some were used up then.
    since: Option<Instant>,
    /// When each group was last admitted.
    admitted: BTreeMap<u64, Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Admitted,
    /// Another shard of its group was admitted within the window.
    TooEarly,
    /// The day's total was used up.
    Exhausted,
}

/// What is left of the day's session starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StartsLeft {
    pub(crate) total: usize,
    pub(crate) remaining: usize,
    pub(crate) reset_after: Duration,
    pub(crate) max_concurrency: u64,
}

impl IdentifyLimit {
    pub(crate) fn new(allowance: Allowance, now: Instant) -> Self {
        Self {
            spent: allowance.spent,
            since: (allowance.spent > 0).then_some(now),
            admitted: BTreeMap::new(),
            allowance,
        }
    }

    /// Counts one IDENTIFY. One that is too early counts, too.
    pub(crate) fn admit(&mut self, shard: u64, now: Instant) -> Verdict {
        self.start_new_day(now);
        if self.spent >= self.allowance.total {
            return Verdict::Exhausted;
        }
        self.spent += 1;
        self.since.get_or_insert(now);
        let group = shard % self.allowance.max_concurrency.max(1);
        let window = self.allowance.window;
        let before = self.admitted.get(&group);
        if before.is_some_and(|before| now - *before < window) {
            return Verdict::TooEarly;
        }
        self.admitted.retain(|_, admitted| now - *admitted < window);
        self.admitted.insert(group, now);
        Verdict::Admitted
    }

    pub(crate) fn left(&mut self, now: Instant) -> StartsLeft {
        self.start_new_day(now);
        let passed = self.since.map_or(Duration::ZERO, |since| now - since);
        StartsLeft {
            total: self.allowance.total,
            remaining: self.allowance.total.saturating_sub(self.spent),
            reset_after: DAY.saturating_sub(passed),
            max_concurrency: self.allowance.max_concurrency,
        }
    }

    fn start_new_day(&mut self, now: Instant) {
        if self.since.is_some_and(|since| now - since >= DAY) {
            self.spent = 0;
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTIFY_WINDOW: Duration = Duration::from_secs(5);

    fn limit(max_concurrency: u64, total: usize) -> IdentifyLimit {
        let allowance = Allowance {
            window: IDENTIFY_WINDOW,
            max_concurrency,
            total,
            spent: 0,
        };
        IdentifyLimit::new(allowance, Instant::now())
    }

    #[test]
    fn a_group_is_admitted_once_per_window() {
        let (mut limit, start) = (limit(2, 1000), Instant::now());
        let just_before = start + IDENTIFY_WINDOW - Duration::from_millis(1);
        assert_eq!(limit.admit(0, start), Verdict::Admitted);
        assert_eq!(limit.admit(1, start), Verdict::Admitted);
        assert_eq!(limit.admit(2, just_before), Verdict::TooEarly);
        // An IDENTIFY that was too early does not open a new window.
        assert_eq!(limit.admit(2, start + IDENTIFY_WINDOW), Verdict::Admitted);
        assert_eq!(limit.admit(4, start + IDENTIFY_WINDOW), Verdict::TooEarly);
    }

    #[test]
    fn without_a_window_nothing_is_too_early() {
        let (mut limit, now) = (limit(1, 1000), Instant::now());
        limit.allowance.window = Duration::ZERO;
        assert!((0..100).all(|_| limit.admit(0, now) == Verdict::Admitted));
    }

    #[test]
    fn a_day_has_a_total_and_then_the_next_begins() {
        let (mut limit, start) = (limit(1, 2), Instant::now());
        assert_eq!(limit.admit(0, start), Verdict::Admitted);
        assert_eq!(limit.admit(0, start), Verdict::TooEarly);
        let noon = start + DAY / 2;
        assert_eq!(limit.admit(0, noon), Verdict::Exhausted);
        let left = limit.left(noon);
        assert_eq!((left.remaining, left.reset_after), (0, DAY / 2));
        assert_eq!(limit.admit(0, start + DAY), Verdict::Admitted);
        assert_eq!(limit.left(start + DAY).remaining, 1);
    }
}
