//! How many payloads a connection may still send. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Discord closes with 4008 past 120 payloads in 60 seconds, heartbeats included.
///
/// See [Discord Docs/Rate Limiting](https://discord.com/developers/docs/events/gateway#rate-limiting).
const WINDOW: Duration = Duration::from_secs(60);
const LIMIT: u64 = 120;
/// The most bytes that one payload may have.
pub(crate) const MOST_BYTES: usize = 4096;

/// The payloads of users on one connection, counted in a sliding window.
#[derive(Debug)]
pub(crate) struct SendLimit {
    sent: VecDeque<Instant>,
    most: usize,
}

impl SendLimit {
    /// Leaves room for the heartbeats of a minute, one more that Discord may ask for, and
    /// IDENTIFY or RESUME, which counts too.
    pub(crate) fn new(interval: Duration) -> Self {
        let minute = u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX);
        let interval = u64::try_from(interval.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let reserved = minute.div_ceil(interval) + 2;
        let most = usize::try_from(LIMIT.saturating_sub(reserved))
            .unwrap_or(0)
            .max(1);
        Self {
            sent: VecDeque::with_capacity(most),
            most,
        }
    }

    /// Counts a payload, or says how long to wait for room.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        while self.sent.front().is_some_and(|&sent| now >= sent + WINDOW) {
            self.sent.pop_front();
        }
        match self.sent.front() {
            Some(&oldest) if self.sent.len() >= self.most => Err(oldest + WINDOW - now),
            _ => {
                self.sent.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_keep_their_share() {
        let mut limit = SendLimit::new(Duration::from_millis(41_250));
        let start = Instant::now();
        let taken = (0..300).filter(|_| limit.take(start).is_ok()).count();
        assert_eq!(taken, 116);
        assert_eq!(
            limit.take(start + Duration::from_secs(20)),
            Err(Duration::from_secs(40))
        );
        assert_eq!(limit.take(start + WINDOW), Ok(()));
    }
}
