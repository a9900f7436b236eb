//! How a gateway connection ended, or that it could not be opened.

use std::fmt;
use std::time::Duration;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnect {
    /// Discord closed it, perhaps with a close code.
    Closed(Option<u16>),
    /// The connection broke.
    Lost,
    /// It could not be opened. The server may have sent `Retry-After`.
    Unreachable { retry_after: Option<Duration> },
    /// Discord did not send HELLO.
    NoHello,
    /// IDENTIFY was not answered with READY.
    NoReady,
    /// RESUME was not answered with RESUMED, and no event was replayed for as long.
    NoResumed,
    /// A heartbeat was not acknowledged.
    NoHeartbeatAck,
    /// A payload was malformed, so later sequence numbers cannot be trusted.
    Malformed,
    /// Discord asked to reconnect (opcode 7).
    Reconnect,
    /// Invalid session (opcode 9), and whether it may still be resumed.
    InvalidSession { resumable: bool },
}

impl Disconnect {
    /// What the server sent as `Retry-After`, if that is longer than the wait that was decided.
    pub(crate) fn retry_after_beyond(self, wait: Duration) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_after } => retry_after.filter(|&asked| asked > wait),
            _ => None,
        }
    }
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(Some(code)) => write!(f, "Discord closed it with {code}"),
            Self::Closed(None) => f.write_str("Discord closed it without a code"),
            Self::Lost => f.write_str("it broke"),
            Self::Unreachable { .. } => f.write_str("it could not be opened"),
            Self::NoHello => f.write_str("Discord did not send HELLO"),
            Self::NoReady => f.write_str("Discord did not answer IDENTIFY with READY"),
            Self::NoResumed => f.write_str("Discord did not answer RESUME"),
            Self::NoHeartbeatAck => f.write_str("Discord did not acknowledge a heartbeat"),
            Self::Malformed => f.write_str("malformed payload"),
            Self::Reconnect => f.write_str("Discord asked to reconnect"),
            Self::InvalidSession { resumable: true } => {
                f.write_str("Discord interrupted the session")
            }
            Self::InvalidSession { resumable: false } => {
                f.write_str("the session is no longer valid")
            }
        }
    }
}
