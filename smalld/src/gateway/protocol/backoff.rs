//! How long to wait between connections: exponential with full jitter, so that many bots that lost
//! Discord together do not come back together. Pure; chance comes in as an argument.

use std::time::Duration;

/// The longest wait. A session outlives some minutes without a connection, so no more than that.
const CAP: Duration = Duration::from_secs(64);

/// Counts attempts that came to nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The wait before the next attempt: none before the first, then up to 2, 4, 8 … seconds.
    /// `random` is in `0.0..1.0`.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let attempts = self.attempts;
        self.attempts = attempts.saturating_add(1);
        match attempts {
            0 => Duration::ZERO,
            _ => Duration::from_secs(1 << attempts.min(6))
                .min(CAP)
                .mul_f64(random),
        }
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_b19_waits_grow_to_the_cap_and_start_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9).map(|_| backoff.next(0.5).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 32, 32]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), Duration::ZERO);
    }
}
