//! The shutdown of a bot, in phases. Everybody who has to stop watches the phase.

/// Shutdown phase of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShutdownPhase {
    Running,
    /// Read no more; handlers may finish.
    Draining,
    /// Close the connections.
    Closing,
}
