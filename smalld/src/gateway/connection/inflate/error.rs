//! Error of a binary frame that cannot be decompressed.

use std::fmt;

/// Why a binary frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// It is not a compressed payload, and no compression was requested.
    NotRequested,
    /// The decoder refused the data, for this reason.
    Corrupt(&'static str),
    /// The compressed stream ended, but the connection did not.
    Ended,
    /// A payload that was compressed on its own is incomplete.
    Incomplete,
    /// The message is longer than this bound.
    TooLong(usize),
    NoMemory,
    NotUtf8,
}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRequested if cfg!(feature = "zlib") => {
                f.write_str("unexpected binary frame: no compression was requested")
            }
            Self::NotRequested => f.write_str(
                "unexpected binary frame: no compression was requested; if `identify` contains `compress`, \
                 add the feature `zlib` to smalld",
            ),
            Self::Corrupt(why) => write!(f, "the compressed stream is corrupt ({why})"),
            Self::Ended => f.write_str("the compressed stream ended, but the connection did not"),
            Self::Incomplete => f.write_str("a compressed payload is incomplete"),
            Self::TooLong(max) => write!(f, "the message inflates to more than {max} bytes"),
            Self::NoMemory => f.write_str("there is not enough memory to inflate the message"),
            Self::NotUtf8 => f.write_str("the inflated message is not valid UTF-8"),
        }
    }
}
