//! How far this host's clock is from Discord's, learned from the `Date` header of responses.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Response;

/// No response has told yet.
const UNKNOWN: i64 = i64::MIN;

/// The lowest possible difference between Discord's clock and this host's, in milliseconds.
#[derive(Debug)]
pub(crate) struct ServerClock(AtomicI64);

impl Default for ServerClock {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl ServerClock {
    /// Learns from a response that was received at `now`, by this host's clock.
    pub(crate) fn observe(&self, response: &Response, now: SystemTime) {
        let date = response.header("date");
        let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
            return;
        };
        // The header has no fractions and the response took its time, so Discord's clock is ahead of
        // the header, by at least nothing.
        let difference = millis(date).saturating_sub(millis(now));
        self.0.store(difference, Ordering::Relaxed);
    }

    /// How long ago `time` was by Discord's clock, at least. `None` before the first response.
    pub(crate) fn min_age(&self, time: SystemTime, now: SystemTime) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => None,
            difference => {
                let age = millis(now).saturating_add(difference) - millis(time);
                Some(Duration::from_millis(u64::try_from(age).unwrap_or(0)))
            }
        }
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW) + Duration::from_secs(100)
            - Duration::from_secs_f64(100.0 - seconds)
    }

    /// A host whose clock is `ahead` of Discord's, 5.4 s after an event and just after a response.
    fn min_age(ahead: f64) -> f64 {
        let clock = ServerClock::default();
        let date = httpdate::fmt_http_date(at(5.4));
        let headers = vec![("date".into(), date)];
        let response = Response::new(200, headers, Vec::new());
        let now = at(5.4 + ahead);
        assert_eq!(clock.min_age(at(0.0), now), None);
        clock.observe(&response, now);
        clock.min_age(at(0.0), now).unwrap().as_secs_f64()
    }

    #[test]
    fn the_age_does_not_depend_on_the_hosts_clock() {
        for ahead in [0.0, 10.0, -10.0] {
            let age = min_age(ahead);
            assert!((5.0..=5.4).contains(&age), "{ahead}: {age}");
        }
    }
}
