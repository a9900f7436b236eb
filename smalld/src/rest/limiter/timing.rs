//! How long requests are taken to be on their way, and what is added to every wait.

use std::time::{Duration, Instant};

/// Added to every wait. A request that arrives a moment too early gets a 429, one that arrives 50 ms
/// later loses nothing.
pub(crate) const MARGIN: Duration = Duration::from_millis(50);

/// A request that was sent has arrived after this time, or never will. Whatever takes longer to be
/// answered (an upload, work for Discord) has arrived long before its answer.
pub(crate) const MAX_TIME_TO_ARRIVE: Duration = Duration::from_secs(1);

/// When a wait that a 429 asks for is over.
pub(crate) fn after(wait: Duration, now: Instant) -> Instant {
    now + wait + MARGIN
}
