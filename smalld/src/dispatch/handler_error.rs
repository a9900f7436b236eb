//! Failures of handlers, as `on_error` handlers see them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::dispatch::label::Label;
use crate::dispatch::outcome::Failure;
use crate::event::Payload;
use crate::unwind;

/// A handler that failed: its name and place, the event, and what it failed with.
///
/// Handlers of [`on_error`](crate::on_error) take it. Clones are cheap.
///
/// ```
/// use smalld::handler::HandlerError;
///
/// #[smalld::on_error]
/// fn report(error: HandlerError) {
///     eprintln!("{} at {}:{}: {error}", error.handler(), error.file(), error.line());
/// }
/// ```
#[derive(Clone)]
pub struct HandlerError(Arc<Inner>);

struct Inner {
    handler: Label,
    payload: Option<Payload>,
    /// The description of the failure, made once: a user's error may do anything when it is
    /// displayed.
    description: String,
    /// `None` only while it is dropped.
    failure: Option<Failure>,
}

/// A user's error may panic when it is dropped, here or in a clone elsewhere.
impl Drop for Inner {
    fn drop(&mut self) {
        unwind::drop_guarded(self.failure.take());
    }
}

impl HandlerError {
    pub(crate) fn new(handler: Label, payload: Option<Payload>, failure: Failure) -> Self {
        Self(Arc::new(Inner {
            handler,
            // Handlers of `on_error` see `d`, even if the handler that failed saw the whole
            // payload.
            payload: payload.map(|payload| payload.seen(false)),
            description: failure.describe(),
            failure: Some(failure),
        }))
    }

    /// The path of the function that failed, such as `my_bot::greet`, or the name that
    /// [`On::named`](crate::handler::On::named) gave it; `my_bot::main::{{closure}}` for a closure without a
    /// name.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.0.handler.name
    }

    /// The file of the handler that failed.
    #[must_use]
    pub fn file(&self) -> &str {
        self.0.handler.file
    }

    /// The line of the handler's name.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.0.handler.line
    }

    /// The name of the event, such as `MESSAGE_CREATE`; `op 10` for a payload without a name;
    /// `the start` for a handler of [`on_start`](crate::on_start).
    #[must_use]
    pub fn event(&self) -> Cow<'_, str> {
        subject(self.payload())
    }

    /// The event; `None` if a handler of [`on_start`](crate::on_start) failed.
    #[must_use]
    pub fn payload(&self) -> Option<&Payload> {
        self.0.payload.as_ref()
    }

    /// Whether the handler panicked. If not, it returned an error, or a parameter did not fit the
    /// event.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.failure, Some(Failure::Panicked(_)))
    }
}

/// The name of a run's payload in the log.
pub(crate) fn subject(payload: Option<&Payload>) -> Cow<'_, str> {
    payload.map_or(Cow::Borrowed("the start"), Payload::name)
}

/// The sentence as logged.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            handler,
            payload,
            description,
            ..
        } = &*self.0;
        write!(f, "handler {handler} failed on {}", self.event())?;
        if let Some((shard, _)) = payload.as_ref().and_then(Payload::shard) {
            write!(f, " (shard {shard})")?;
        }
        write!(f, ": {description}")
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
        match self.0.failure.as_ref()? {
            Failure::Parameter { error, .. } | Failure::Returned(error) => Some(&**error),
            Failure::Panicked(_) | Failure::NotStarted => None,
        }
    }
}
