//! When a shard may identify. Discord limits IDENTIFYs per five seconds and per day, over all shards
//! of a bot.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Discord accepts one IDENTIFY per interval for each `shard % max_concurrency`.
///
/// See [Discord Docs/Session Concurrency](https://discord.com/developers/docs/events/gateway#sharding-max-concurrency).
pub(crate) const IDENTIFY_INTERVAL: Duration = Duration::from_secs(5);
/// Discord counts when an IDENTIFY arrives, and the time that takes varies.
const JITTER_MARGIN: Duration = Duration::from_millis(250);
const DAY: Duration = Duration::from_secs(86_400);
/// If this many session starts are left, or a quarter of the total if that is less, they are spread
/// evenly over the time until the reset. So no loop can spend them all, not even a process that is
/// restarted again and again: Discord resets the token of a bot that does.
const MAX_LOW_BUDGET: u32 = 250;

/// The `session_start_limit` of `/gateway/bot`.
///
/// See [Discord Docs/Session Start Limit](https://discord.com/developers/docs/events/gateway#session-start-limit-object).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionStartLimit {
    pub(crate) total: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_after: Duration,
    pub(crate) max_concurrency: u32,
}

/// The session starts that are left, and when the next one is due.
#[derive(Debug)]
pub(crate) struct StartBudget {
    limit: SessionStartLimit,
    reset: Instant,
    /// The last IDENTIFY of each key.
    last: HashMap<u32, Instant>,
    /// The last IDENTIFY of all keys, or the start of this process.
    newest: Instant,
}

impl StartBudget {
    pub(crate) fn new(limit: SessionStartLimit, now: Instant) -> Self {
        Self {
            limit,
            reset: now + limit.reset_after.min(DAY),
            last: HashMap::new(),
            newest: now,
        }
    }

    /// The rate limit key. Shards of the same key wait for each other.
    pub(crate) fn key(&self, shard: u32) -> u32 {
        shard % self.limit.max_concurrency.max(1)
    }

    pub(crate) fn remaining(&self) -> u32 {
        self.limit.remaining
    }

    /// Whether so few starts are left that all shards wait for each other, whatever their keys.
    pub(crate) fn is_low(&self) -> bool {
        let SessionStartLimit {
            total, remaining, ..
        } = self.limit;
        remaining <= MAX_LOW_BUDGET.min(total / 4)
    }

    /// The earliest time at which this shard may identify.
    pub(crate) fn due(&mut self, shard: u32, now: Instant) -> Instant {
        self.renew(now);
        let last = self.last.get(&self.key(shard));
        let window = last.map(|&last| last + IDENTIFY_INTERVAL + JITTER_MARGIN);
        let spread = self.spread(now);
        window.into_iter().chain(spread).max().unwrap_or(now)
    }

    /// This shard identifies now.
    pub(crate) fn spent(&mut self, shard: u32, now: Instant) {
        self.renew(now);
        self.limit.remaining = self.limit.remaining.saturating_sub(1);
        self.last.insert(self.key(shard), now);
        self.newest = now;
    }

    /// An earlier process identified with this shard this long ago, in whole seconds. The remaining
    /// starts do not change, because Discord has counted it.
    pub(crate) fn identified_before(&mut self, shard: u32, ago: Duration, now: Instant) {
        // The fraction of the second is not known.
        let ago = ago.saturating_sub(Duration::from_secs(1));
        let Some(then) = now.checked_sub(ago).filter(|_| ago < IDENTIFY_INTERVAL) else {
            return;
        };
        let key = self.key(shard);
        let last = self.last.entry(key).or_insert(then);
        *last = then.max(*last);
    }

    fn renew(&mut self, now: Instant) {
        if now >= self.reset {
            self.limit.remaining = self.limit.total;
            self.reset = now + DAY;
        }
    }

    fn spread(&self, now: Instant) -> Option<Instant> {
        let left = self.reset.saturating_duration_since(now);
        match self.limit.remaining {
            0 => Some(self.reset),
            remaining => self.is_low().then(|| self.newest + left / remaining),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(total: u32, remaining: u32, max_concurrency: u32) -> (StartBudget, Instant) {
        let now = Instant::now();
        let limit = SessionStartLimit {
            total,
            remaining,
            reset_after: DAY / 2,
            max_concurrency,
        };
        (StartBudget::new(limit, now), now)
    }

    #[test]
    fn shards_of_one_key_identify_five_seconds_apart_and_others_do_not_wait() {
        let (mut budget, now) = budget(1000, 1000, 2);
        assert_eq!(budget.due(0, now), now);
        budget.spent(0, now);
        assert_eq!(budget.due(1, now), now);
        assert_eq!(budget.due(2, now), now + IDENTIFY_INTERVAL + JITTER_MARGIN);
    }

    #[test]
    fn an_identify_of_an_earlier_process_counts_for_its_key() {
        let (mut budget, now) = budget(1000, 1000, 2);
        let second = Duration::from_secs(1);
        budget.identified_before(0, second * 9, now);
        assert_eq!(budget.due(0, now), now);
        budget.identified_before(2, second * 2, now);
        budget.identified_before(4, second * 5, now);
        assert_eq!(budget.due(0, now), now + second * 4 + JITTER_MARGIN);
        assert_eq!(budget.due(1, now), now);
    }

    /// A process that ends as soon as it has identified, and is restarted at once.
    fn started_in_a_loop(seconds: u64) -> (u32, u32) {
        let (mut budget, begin) = budget(1000, 1000, 1);
        let (mut now, mut identifies) = (begin, 0);
        loop {
            now = now.max(budget.due(0, now));
            if now >= begin + Duration::from_secs(seconds) {
                return (identifies, budget.remaining());
            }
            budget.spent(0, now);
            identifies += 1;
            // The next process knows only Discord's count.
            let left = budget.reset.saturating_duration_since(now);
            let limit = SessionStartLimit {
                reset_after: left,
                ..budget.limit
            };
            budget = StartBudget::new(limit, now);
        }
    }

    #[test]
    fn a_loop_of_restarts_does_not_spend_all_session_starts_of_a_day() {
        let (identifies, remaining) = started_in_a_loop(43_190);
        assert!(remaining > 0 && identifies < 1000, "{identifies}");
        assert!(identifies > 750, "a few restarts do not wait: {identifies}");
    }

    #[test]
    fn without_remaining_starts_the_next_is_due_at_the_reset() {
        let (mut budget, now) = budget(1000, 0, 1);
        assert_eq!(budget.due(0, now), now + DAY / 2);
        assert_eq!(budget.due(0, now + DAY / 2), now + DAY / 2);
        assert_eq!(budget.remaining(), 1000);
    }

    #[test]
    fn invalid_limits_do_not_panic() {
        let (mut budget, now) = budget(0, 0, 0);
        assert_eq!(budget.key(7), 0);
        assert!(budget.due(7, now) > now);
        let limit = SessionStartLimit {
            reset_after: Duration::MAX,
            ..budget.limit
        };
        assert_eq!(StartBudget::new(limit, now).due(7, now), now + DAY);
    }
}
