//! Discord's ids: a time, a worker and a counter in 64 bits. See [Discord Docs/Snowflakes].
//!
//! [Discord Docs/Snowflakes]: https://discord.com/developers/docs/reference#snowflakes

use std::fmt;

use serde::{Serialize, Serializer};

/// The first second of 2015, where Discord's ids begin, in milliseconds since 1970.
const EPOCH: u64 = 1_420_070_400_000;

/// One id. A number here, a string in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Snowflake(u64);

impl Snowflake {
    /// Parses an id of a path or of JSON: decimal digits and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self))?
    }

    /// When the id was made, in milliseconds since 1970.
    pub(crate) fn millis(self) -> u64 {
        (self.0 >> 22) + EPOCH
    }

    /// The shard of this guild, of `count`.
    pub(crate) fn shard(self, count: u64) -> u64 {
        (self.0 >> 22) % count.max(1)
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Makes ids, each greater than the one before, even if the clock stops or steps back.
#[derive(Debug)]
pub(crate) struct Snowflakes {
    node: u64,
    last: u64,
}

impl Snowflakes {
    /// `node` becomes the ten bits of worker and process, so that two worlds rarely share an id.
    pub(crate) fn new(node: u64) -> Self {
        Self {
            node: node & 0x3ff,
            last: 0,
        }
    }

    pub(crate) fn next(&mut self, now_millis: u64) -> Snowflake {
        let fresh = now_millis.saturating_sub(EPOCH) << 22 | self.node << 12;
        self.last = if fresh > self.last {
            fresh
        } else {
            self.after_last()
        };
        Snowflake(self.last)
    }

    /// The counter has twelve bits; when they are used up, the id moves on to the next millisecond.
    fn after_last(&self) -> u64 {
        if self.last & 0xfff < 0xfff {
            self.last + 1
        } else {
            ((self.last >> 22) + 1) << 22 | self.node << 12
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_contains_its_time() {
        let id = Snowflakes::new(3).next(1_800_000_000_123);
        assert_eq!(id.millis(), 1_800_000_000_123);
    }

    #[test]
    fn ids_grow_while_the_clock_stops() {
        let mut ids = Snowflakes::new(7);
        let made: Vec<Snowflake> = (0..10_000).map(|_| ids.next(1_800_000_000_000)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn only_digits_are_an_id() {
        for text in ["", "-1", "+1", "1a", " 1", "99999999999999999999"] {
            assert_eq!(Snowflake::parse(text), None, "{text:?}");
        }
        assert_eq!(Snowflake::parse("81"), Some(Snowflake(81)));
    }

    #[test]
    fn json_has_ids_as_strings() {
        assert_eq!(
            serde_json::json!(Snowflake(u64::MAX)),
            "18446744073709551615"
        );
    }
}
