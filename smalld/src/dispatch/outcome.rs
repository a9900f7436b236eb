//! Return values of handlers, and how a failure is reported.

use crate::dispatch::description::{describe, printable};
use crate::error::BoxError;
use crate::unwind::{self, Panic};

/// What a handler may return: `()`, or `Result<(), E>` for any error that converts into a boxed one
/// (std errors, `String`, `anyhow::Error`, [`smalld::Error`](crate::Error)).
///
/// It cannot be implemented for other types.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "a handler returns nothing or a `Result<(), E>`",
    note = "write `-> smalld::Result<()>`, or `-> Result<(), E>` for an error `E` that implements `std::error::Error`, or is a `String` or an `anyhow::Error`"
)]
pub trait Outcome: Sealed {
    /// The error, boxed.
    #[doc(hidden)]
    fn into_result(self) -> Result<(), BoxError>;
}

/// Keeps [`Outcome`] to the types in this file.
pub trait Sealed {}

impl Sealed for () {}

impl Outcome for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<E: Into<BoxError>> Sealed for Result<(), E> {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// Why a run of a handler failed.
#[derive(Debug)]
pub enum Failure {
    /// A parameter could not be taken from the payload.
    Parameter {
        /// The parameter's type.
        ty: &'static str,
        /// Why.
        error: BoxError,
    },
    /// The handler returned an error.
    Returned(BoxError),
    /// The handler panicked with this message.
    Panicked(String),
    /// Its thread was never started, because the runtime is shutting down.
    NotStarted,
}

impl Failure {
    pub(crate) fn panicked(panic: Panic) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = printable(text.unwrap_or("no message"));
        unwind::discard(panic);
        Self::Panicked(message)
    }

    /// What happened, in words that are fit for a log.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Parameter { ty, error } => {
                let error = describe(&**error);
                format!("its parameter `{ty}` does not fit the event: {error}")
            }
            Self::Returned(error) => describe(&**error),
            Self::Panicked(message) => format!("it panicked: {message}"),
            Self::NotStarted => "it was not started".to_owned(),
        }
    }
}

/// Called by generated code.
#[doc(hidden)]
pub fn outcome<R: Outcome>(returned: R) -> Result<(), Failure> {
    returned.into_result().map_err(Failure::Returned)
}
