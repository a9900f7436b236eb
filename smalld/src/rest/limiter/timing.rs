//! Assumptions about latency, and the margin that is added to every wait.

use std::time::{Duration, Instant};

/// Added to every wait. A request that arrives a moment too early gets a 429, one that arrives 50 ms
/// later loses nothing.
pub(crate) const MARGIN: Duration = Duration::from_millis(50);

/// After this time a request has arrived, or never will. A response that takes longer (an upload,
/// slow work at Discord) belongs to a request that arrived long before.
pub(crate) const MAX_TIME_TO_ARRIVE: Duration = Duration::from_secs(1);

/// When a wait that a 429 asks for is over.
pub(crate) fn after(wait: Duration, now: Instant) -> Instant {
    now + wait + MARGIN
}
