//! The faults of the gateway that a test has planned.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Gateway;
use super::connections::Ending;
use super::target::Target;

/// The faults that are planned or in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// By how much acknowledgements of heartbeats are delayed.
    pub(crate) ack_delay: Duration,
    /// Whether heartbeats are not acknowledged at all.
    pub(crate) ignores_heartbeats: bool,
    /// How many of the next IDENTIFYs are refused.
    pub(crate) refused_identifies: usize,
}

/// When a heartbeat must be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledgement {
    AtOnce,
    After(Duration),
    Never,
}

impl Faults {
    pub(super) fn acknowledgement(&self) -> Acknowledgement {
        match (self.ignores_heartbeats, self.ack_delay) {
            (true, _) => Acknowledgement::Never,
            (false, Duration::ZERO) => Acknowledgement::AtOnce,
            (false, delay) => Acknowledgement::After(delay),
        }
    }

    /// Whether the IDENTIFY that was just received must be refused.
    pub(super) fn refuses_identify(&mut self) -> bool {
        let refuses = self.refused_identifies > 0;
        self.refused_identifies -= usize::from(refuses);
        refuses
    }
}

impl Gateway {
    /// Ends connections. The sessions of hanging ones can be resumed at once, because their end
    /// will not be reported.
    pub(crate) fn end(&mut self, target: Target, ending: &Ending) {
        if *ending == Ending::Hang {
            for connection in self.connections.ids(target) {
                self.sessions.leave(connection, true, Instant::now());
            }
        }
        self.connections.end_those(target, ending);
    }

    /// Sends opcode 9; sessions that cannot be resumed are removed.
    pub(crate) fn interrupt(&mut self, target: Target, resumable: bool) {
        if !resumable {
            for connection in self.connections.ids(target) {
                self.sessions.forget_that_of(connection);
            }
        }
        self.send_to(target, &invalid_session(resumable));
    }

    /// Sends an opcode without a `d`.
    pub(crate) fn ask(&mut self, target: Target, op: u64) {
        let payload = json!({ "t": null, "s": null, "op": op, "d": null });
        self.send_to(target, &payload);
    }

    fn send_to(&mut self, target: Target, payload: &Value) {
        let text = payload.to_string().into();
        self.connections.send_to(target, &text);
    }
}

/// Opcode 9.
pub(super) fn invalid_session(resumable: bool) -> Value {
    json!({ "t": null, "s": null, "op": 9, "d": resumable })
}
