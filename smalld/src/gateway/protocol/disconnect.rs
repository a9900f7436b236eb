//! How connections end.

use std::fmt;
use std::time::Duration;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnect {
    /// Discord closed, perhaps with a code.
    Closed(Option<u16>),
    /// The connection broke.
    Lost,
    /// No connection came about; Discord may say how long to wait.
    Unreachable { retry_after: Option<Duration> },
    /// A heartbeat was not acknowledged, or HELLO did not come.
    Silent,
    /// A frame that is no payload; the session's numbers cannot be trusted past it.
    Malformed,
    /// Discord asked to reconnect (opcode 7).
    Reconnect,
    /// Opcode 9: whether the session may still be resumed.
    InvalidSession { resumable: bool },
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Some(code)) => write!(f, "closed with {code}"),
            Self::Closed(None) => f.write_str("closed without a code"),
            Self::Lost => f.write_str("lost"),
            Self::Unreachable { .. } => f.write_str("unreachable"),
            Self::Silent => f.write_str("silent"),
            Self::Malformed => f.write_str("not understood"),
            Self::Reconnect => f.write_str("Discord asked to reconnect"),
            Self::InvalidSession { resumable: true } => f.write_str("the session was interrupted"),
            Self::InvalidSession { resumable: false } => f.write_str("the session is invalid"),
        }
    }
}
