//! What a resume can bring back.

/// What a session remembers for a resume.
///
/// Discord does not say which of the two it does; a bot that is to lose nothing must be right
/// under both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replay {
    /// Everything that was sent, up to some thousands of dispatches: RESUME may go back behind what
    /// heartbeats have acknowledged.
    #[default]
    Everything,
    /// What no heartbeat has acknowledged by its `d`; the rest is forgotten for good. A RESUME from
    /// before is answered by opcode 9 with `d` false, and the session is gone.
    Unacknowledged,
}
