//! What a resume can replay.

/// What a session remembers for a resume.
///
/// Discord does not document which of the two it does; a bot must be correct under both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replay {
    /// Everything that was sent, up to 10,000 dispatches: RESUME may go back to before what heartbeats
    /// have acknowledged.
    #[default]
    Everything,
    /// Only what no heartbeat has acknowledged by its `d`. A RESUME from before that is answered by
    /// opcode 9 with `d` false, and the session is gone.
    Unacknowledged,
}
