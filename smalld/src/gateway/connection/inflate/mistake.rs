//! Why a frame cannot be inflated.

use std::fmt;

/// Why a binary frame could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It is no compressed payload, and nothing was asked to come as binary.
    Unasked,
    /// It is not what the decoder expects at this place.
    Corrupt(&'static str),
    /// The stream ended, though the connection has not.
    Ended,
    /// A payload that was compressed by itself ends in the middle.
    BreaksOff,
    /// The message is longer than what is taken.
    TooLong(usize),
    NoMemory,
    NotUtf8,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unasked if cfg!(feature = "zlib") => {
                f.write_str("binary, though no compression was asked for")
            }
            Self::Unasked => f.write_str(
                "binary, though no compression was asked for; if `identify` has `compress`, \
                 add the feature `zlib` to smalld",
            ),
            Self::Corrupt(why) => write!(f, "the compressed stream is corrupt ({why})"),
            Self::Ended => f.write_str("the compressed stream ended before the connection"),
            Self::BreaksOff => f.write_str("a compressed payload breaks off"),
            Self::TooLong(most) => {
                write!(
                    f,
                    "it inflates to more than {most} bytes, which no payload has"
                )
            }
            Self::NoMemory => f.write_str("there is no memory to inflate it in"),
            Self::NotUtf8 => f.write_str("what it inflates to is no UTF-8"),
        }
    }
}
