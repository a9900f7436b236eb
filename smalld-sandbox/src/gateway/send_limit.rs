//! The limit of payloads that a bot sends over one connection: 120 in 60 seconds, heartbeats included.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const SEND_WINDOW: Duration = Duration::from_secs(60);
const MAX_PAYLOADS: u128 = 120;
/// Discord's heartbeat interval, for which the limit is made.
const USUAL_INTERVAL: Duration = Duration::from_millis(41_250);

/// A sliding window over the arrivals of one connection.
#[derive(Debug)]
pub(crate) struct SendLimit {
    arrivals: VecDeque<Instant>,
    max_payloads: u128,
}

impl SendLimit {
    /// A shorter heartbeat interval makes a bot send more heartbeats than Discord would; those are
    /// allowed in addition.
    pub(crate) fn new(heartbeat_interval: Duration) -> Self {
        let in_window = |interval: Duration| SEND_WINDOW.as_millis() / interval.as_millis().max(1);
        let extra = in_window(heartbeat_interval).saturating_sub(in_window(USUAL_INTERVAL));
        Self {
            arrivals: VecDeque::new(),
            max_payloads: MAX_PAYLOADS + extra,
        }
    }

    /// Counts one payload. False if it exceeds the limit.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        while self
            .arrivals
            .front()
            .is_some_and(|arrival| now - *arrival >= SEND_WINDOW)
        {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        self.arrivals.len() as u128 <= self.max_payloads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_120_payloads_in_a_minute() {
        let mut limit = SendLimit::new(USUAL_INTERVAL);
        let start = Instant::now();
        assert!((0..120).all(|_| limit.admit(start)));
        assert!(!limit.admit(start + Duration::from_secs(59)));
        assert!(limit.admit(start + SEND_WINDOW));
    }

    #[test]
    fn a_short_heartbeat_interval_raises_the_limit() {
        let mut limit = SendLimit::new(Duration::from_millis(100));
        let start = Instant::now();
        assert_eq!(
            (0..1000).take_while(|_| limit.admit(start)).count(),
            120 + 599
        );
    }
}
