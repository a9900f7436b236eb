//! What a source of events learns from its handlers: that an event has been through all of them.

use std::sync::Arc;

/// Held by every run of an event's handlers. When the last clone is dropped, the event has been
/// handled, and so is what the source put in here.
#[derive(Clone)]
pub(crate) struct Completion {
    _until_handled: Option<Arc<dyn Send + Sync>>,
}

impl Completion {
    /// The source is told by the drop of this value.
    pub(crate) fn of(until_handled: impl Send + Sync + 'static) -> Self {
        Self {
            _until_handled: Some(Arc::new(until_handled)),
        }
    }

    /// Nobody waits to hear of it.
    pub(crate) fn unheard() -> Self {
        Self {
            _until_handled: None,
        }
    }
}
