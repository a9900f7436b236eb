//! Shutdown of a bot, in phases. Every task that has to stop watches the phase.

/// Shutdown phase of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ShutdownPhase {
    Running,
    /// No more events are read; running handlers may finish.
    Draining,
    /// The connections are closed.
    Closing,
}
