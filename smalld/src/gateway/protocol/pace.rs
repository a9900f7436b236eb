//! Holds back a shard whose connections end as soon as they are ready. RESUMED ends the backoff,
//! and so a loop of a payload that Discord does not take and a resume would go at the speed of the
//! network. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many connections may end in a minute without a wait; as many as Discord takes payloads.
const MOST: usize = 120;
const WINDOW: Duration = Duration::from_secs(60);
/// After more of them each waits so long, and up to as much again.
const WAIT: Duration = Duration::from_secs(1);

/// When the newest connections ended.
#[derive(Debug, Default)]
pub(crate) struct Pace(VecDeque<Instant>);

impl Pace {
    /// A connection has ended; gives the least wait before the next. `random` is in `0.0..1.0`.
    pub(crate) fn ended(&mut self, now: Instant, random: f64) -> Duration {
        while self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(now);
        let oldest = self.0.front().filter(|_| self.0.len() == MOST);
        if oldest.is_some_and(|&oldest| now < oldest + WINDOW) {
            WAIT + WAIT.mul_f64(random)
        } else {
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_of_resumes_is_held_back_and_what_comes_now_and_then_is_not() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let at_once = (0..500).map(|_| pace.ended(start, 0.5));
        assert_eq!(at_once.take_while(Duration::is_zero).count(), MOST - 1);
        assert_eq!(pace.ended(start, 0.5), WAIT.mul_f64(1.5));
        let mut pace = Pace::default();
        for nth in 0..1000 {
            assert_eq!(pace.ended(start + WINDOW * nth / 100, 0.5), Duration::ZERO);
        }
    }
}
