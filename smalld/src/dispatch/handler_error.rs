//! What went wrong in a handler, as a handler of errors gets it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::bot::SmallD;
use crate::dispatch::extract::{FromEvent, ViaFailure};
use crate::dispatch::handler::Handler;
use crate::dispatch::outcome::Failure;
use crate::error::BoxError;
use crate::event::Payload;

/// A handler that failed: what it failed with, where it stands, and at which event.
///
/// Handlers of [`on_error`](crate::on_error) take it. Clones are cheap.
///
/// ```
/// use smalld::HandlerError;
///
/// #[smalld::on_error]
/// fn tell(error: HandlerError) {
///     eprintln!("{} at {}:{}: {error}", error.handler(), error.file(), error.line());
/// }
/// ```
#[derive(Clone)]
pub struct HandlerError(Arc<Inner>);

struct Inner {
    handler: Arc<Handler>,
    payload: Payload,
    failure: Failure,
}

impl HandlerError {
    pub(crate) fn new(handler: &Arc<Handler>, payload: &Payload, failure: Failure) -> Self {
        let (handler, payload) = (Arc::clone(handler), payload.clone());
        Self(Arc::new(Inner {
            handler,
            payload,
            failure,
        }))
    }

    /// The path of the function that failed, such as `my_bot::greet`; `closure` for a closure.
    #[must_use]
    pub fn handler(&self) -> &str {
        self.0.handler.name
    }

    /// The file that it stands in.
    #[must_use]
    pub fn file(&self) -> &str {
        self.0.handler.file
    }

    /// The line of its name.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.handler.line
    }

    /// What it was at: the event's name, such as `MESSAGE_CREATE`; `op 10` for a payload without
    /// one; `the start` for a handler of [`on_start`](crate::on_start).
    #[must_use]
    pub fn event(&self) -> Cow<'_, str> {
        self.0.payload.name()
    }

    /// The event at which it failed; its shard is the one that received it. At the start there is
    /// none yet, and this has neither a name nor a `d`.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.0.payload
    }

    /// Whether it panicked, and did not return an error or get an event that does not fit.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.failure, Failure::Panicked(_))
    }
}

/// As the log would have it.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            handler,
            payload,
            failure,
        } = &*self.0;
        let (event, shard) = (self.event(), payload.shard().id());
        write!(
            f,
            "handler {handler} failed on {event} (shard {shard}): {failure}"
        )
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandlerError")
            .field(&self.to_string())
            .finish()
    }
}

impl Error for HandlerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.failure {
            Failure::Parameter { error, .. } | Failure::Returned(error) => Some(&**error),
            Failure::Panicked(_) => None,
        }
    }
}

#[diagnostic::do_not_recommend]
impl FromEvent<'_, ViaFailure> for HandlerError {
    fn from_event(_: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        let failed = payload.failed().cloned();
        failed.ok_or_else(|| "a `HandlerError` is for handlers of `#[smalld::on_error]`".into())
    }
}
