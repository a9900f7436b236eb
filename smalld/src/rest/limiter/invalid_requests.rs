//! The budget of invalid requests, beyond which Cloudflare bans the address. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The ban comes at 10,000 in ten minutes; other programs at this address count, too.
const COUNTED: Duration = Duration::from_secs(600);
const MAX_INVALID: u32 = 9_500;
const WARNING_INTERVAL: u32 = 1_000;
/// From here on, a warning is logged for every hundred.
const CLOSE_TO_MAX: u32 = 9_000;
const CLOSE_WARNING_INTERVAL: u32 = 100;
/// Counts are kept per slice of time, so that thousands of requests take no memory.
const SLICE: Duration = Duration::from_secs(10);

/// Responses with 401, 403 or 429 within the last ten minutes.
///
/// See [Discord Docs/Invalid Request Limit](https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
#[derive(Debug, Default)]
pub(crate) struct InvalidRequests {
    slices: VecDeque<(Instant, u32)>,
    count: u32,
}

impl InvalidRequests {
    /// Counts one. Returns the count if it is worth a warning.
    pub(crate) fn add(&mut self, now: Instant) -> Option<u32> {
        self.forget(now);
        match self.slices.back_mut() {
            Some((begun, count)) if now < *begun + SLICE => *count += 1,
            _ => self.slices.push_back((now, 1)),
        }
        self.count += 1;
        let each = match self.count {
            ..CLOSE_TO_MAX => WARNING_INTERVAL,
            CLOSE_TO_MAX.. => CLOSE_WARNING_INTERVAL,
        };
        self.count.is_multiple_of(each).then_some(self.count)
    }

    /// Until when nothing may be sent, if the budget is spent.
    pub(crate) fn spent(&mut self, now: Instant) -> Option<Instant> {
        self.forget(now);
        let (oldest, _) = self.slices.front()?;
        (self.count >= MAX_INVALID).then_some(*oldest + COUNTED + SLICE)
    }

    fn forget(&mut self, now: Instant) {
        while let Some(&(begun, count)) = self.slices.front() {
            if now < begun + COUNTED + SLICE {
                return;
            }
            self.count -= count;
            self.slices.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thousand_is_a_warning_and_close_to_the_end_nothing_is_sent() {
        let (mut invalid, start) = (InvalidRequests::default(), Instant::now());
        let warned: Vec<u32> = (0..9_499).filter_map(|_| invalid.add(start)).collect();
        assert_eq!(warned[..3], [1_000, 2_000, 3_000]);
        assert_eq!(warned[7..], [8_000, 9_000, 9_100, 9_200, 9_300, 9_400]);
        assert_eq!(invalid.spent(start), None);
        invalid.add(start);
        let until = invalid.spent(start).unwrap();
        assert!(until > start + COUNTED);
        assert_eq!(invalid.spent(until), None);
    }
}
