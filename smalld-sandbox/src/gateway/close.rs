//! Discord's close codes, each with its reason text.
//!
//! See [Discord Docs/Gateway Close Event Codes].
//!
//! [Discord Docs/Gateway Close Event Codes]: https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Close {
    pub(crate) fn frame(&self) -> CloseFrame {
        CloseFrame {
            code: self.code.into(),
            reason: self.reason.into(),
        }
    }
}

const fn close(code: u16, reason: &'static str) -> Close {
    Close { code, reason }
}

/// Used if another connection resumed the session of this one.
pub(crate) const TAKEN_OVER: Close = close(4000, "Session resumed elsewhere.");
pub(crate) const UNKNOWN_OPCODE: Close = close(4001, "Unknown opcode.");
pub(crate) const DECODE_ERROR: Close = close(4002, "Error while decoding payload.");
pub(crate) const NOT_AUTHENTICATED: Close = close(4003, "Not authenticated.");
pub(crate) const AUTHENTICATION_FAILED: Close = close(4004, "Authentication failed.");
pub(crate) const ALREADY_AUTHENTICATED: Close = close(4005, "Already authenticated.");
pub(crate) const INVALID_SEQ: Close = close(4007, "Invalid seq.");
pub(crate) const RATE_LIMITED: Close = close(4008, "Rate limited.");
pub(crate) const SESSION_TIMED_OUT: Close = close(4009, "Session timed out.");
pub(crate) const INVALID_SHARD: Close = close(4010, "Invalid shard.");
pub(crate) const INVALID_VERSION: Close = close(4012, "Invalid API version.");
pub(crate) const INVALID_INTENTS: Close = close(4013, "Invalid intent(s).");
pub(crate) const DISALLOWED_INTENTS: Close = close(4014, "Disallowed intent(s).");

/// Whether a session can still be resumed after its bot closed with this code, or without one.
pub(crate) fn keeps_session(code_of_bot: Option<u16>) -> bool {
    !matches!(code_of_bot, Some(1000 | 1001))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_data_file() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/close_codes.csv");
        let Ok(text) = std::fs::read_to_string(file) else {
            eprintln!("skipped: no {file}, which is not part of the package");
            return;
        };
        let known: Vec<u16> = text
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').next()?.parse().ok())
            .collect();
        for close in [
            TAKEN_OVER,
            UNKNOWN_OPCODE,
            DECODE_ERROR,
            NOT_AUTHENTICATED,
            AUTHENTICATION_FAILED,
            ALREADY_AUTHENTICATED,
            INVALID_SEQ,
            RATE_LIMITED,
            SESSION_TIMED_OUT,
            INVALID_SHARD,
            INVALID_VERSION,
            INVALID_INTENTS,
            DISALLOWED_INTENTS,
        ] {
            assert!(known.contains(&close.code), "{close:?}");
        }
    }
}
