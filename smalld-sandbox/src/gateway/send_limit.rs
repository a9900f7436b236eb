//! How many payloads a bot may send over one connection: 120 in 60 seconds, heartbeats included.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);
const MOST: u128 = 120;
/// The interval that Discord asks for, which the 120 are meant for.
const USUAL_INTERVAL: Duration = Duration::from_millis(41_250);

/// A sliding window over the arrivals of one connection.
#[derive(Debug)]
pub(crate) struct SendLimit {
    arrivals: VecDeque<Instant>,
    most: u128,
}

impl SendLimit {
    /// A test that shortens the heartbeat interval makes the bot send more heartbeats than Discord
    /// ever asks for; those are granted on top.
    pub(crate) fn new(heartbeat_interval: Duration) -> Self {
        let in_window = |interval: Duration| WINDOW.as_millis() / interval.as_millis().max(1);
        let extra = in_window(heartbeat_interval).saturating_sub(in_window(USUAL_INTERVAL));
        Self {
            arrivals: VecDeque::new(),
            most: MOST + extra,
        }
    }

    /// Counts one payload; false if it is one too many.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        while self
            .arrivals
            .front()
            .is_some_and(|arrival| now - *arrival >= WINDOW)
        {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        self.arrivals.len() as u128 <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_after_120_is_too_many_until_a_minute_has_passed() {
        let mut limit = SendLimit::new(USUAL_INTERVAL);
        let start = Instant::now();
        assert!((0..120).all(|_| limit.admit(start)));
        assert!(!limit.admit(start + Duration::from_secs(59)));
        assert!(limit.admit(start + WINDOW));
    }

    #[test]
    fn a_short_interval_grants_the_heartbeats_that_it_demands() {
        let mut limit = SendLimit::new(Duration::from_millis(100));
        let start = Instant::now();
        assert_eq!(
            (0..1000).take_while(|_| limit.admit(start)).count(),
            120 + 599
        );
    }
}
