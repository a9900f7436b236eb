//! Why a binary frame could not be read.

use std::fmt;

/// Why a binary frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// It is not a compressed payload, and no compression was asked for.
    Unasked,
    /// The decoder expects something else.
    Corrupt(&'static str),
    /// The stream ended before the connection.
    Ended,
    /// A payload that was compressed by itself is incomplete.
    Incomplete,
    /// The message is longer than the given bound.
    TooLong(usize),
    NoMemory,
    NotUtf8,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasked if cfg!(feature = "zlib") => {
                f.write_str("binary, but no compression was asked for")
            }
            Self::Unasked => f.write_str(
                "binary, but no compression was asked for; if `identify` contains `compress`, \
                 add the feature `zlib` to smalld",
            ),
            Self::Corrupt(why) => write!(f, "the compressed stream is corrupt ({why})"),
            Self::Ended => f.write_str("the compressed stream ended before the connection"),
            Self::Incomplete => f.write_str("a compressed payload is incomplete"),
            Self::TooLong(max) => write!(f, "it inflates to more than {max} bytes"),
            Self::NoMemory => f.write_str("there is not enough memory to inflate it"),
            Self::NotUtf8 => f.write_str("it does not inflate to UTF-8"),
        }
    }
}
