//! Durations as people read them, in messages and in the log.

use std::fmt;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Displays a duration with at most two units: `0.4 s`, `12 s`, `5 min 20 s`, `1 d 3 h`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readable(pub(crate) Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds < 0.05 {
            return f.write_str("a moment");
        }
        if seconds < 9.95 {
            let tenths = format!("{seconds:.1}");
            return write!(f, "{} s", tenths.trim_end_matches(".0"));
        }
        let seconds = self.0.saturating_add(Duration::from_millis(500)).as_secs();
        let (large, small) = match seconds {
            ..MINUTE => return write!(f, "{seconds} s"),
            MINUTE..HOUR => ((seconds / MINUTE, "min"), (seconds % MINUTE, "s")),
            HOUR..DAY => ((seconds / HOUR, "h"), (seconds % HOUR / MINUTE, "min")),
            DAY.. => ((seconds / DAY, "d"), (seconds % DAY / HOUR, "h")),
        };
        write!(f, "{} {}", large.0, large.1)?;
        if small.0 > 0 {
            write!(f, " {} {}", small.0, small.1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_at_most_two_units() {
        for (millis, expected) in [
            (0, "a moment"),
            (400, "0.4 s"),
            (1_000, "1 s"),
            (2_540, "2.5 s"),
            (9_960, "10 s"),
            (59_600, "1 min"),
            (320_000, "5 min 20 s"),
            (7_200_000, "2 h"),
            (7_290_000, "2 h 1 min"),
            (97_200_000, "1 d 3 h"),
        ] {
            let readable = Readable(Duration::from_millis(millis)).to_string();
            assert_eq!(readable, expected, "{millis} ms");
        }
        let longest = Readable(Duration::MAX).to_string();
        assert!(longest.contains(" d"), "{longest}");
    }
}
