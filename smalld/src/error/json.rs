//! Errors of JSON that cannot be written or read.

use std::fmt;

use crate::error::cause::BoxError;

/// JSON that cannot be written, or that does not have the expected shape.
#[derive(Debug)]
#[non_exhaustive]
pub struct JsonError {
    /// The request's method, such as `POST`, if a request's payload or response is at fault.
    pub method: Option<&'static str>,
    /// The request's path, with tokens masked, if a request's payload or response is at fault.
    pub path: Option<String>,
    /// What failed. The cause, if there is one, is this error's [`source`](std::error::Error::source).
    pub message: String,
    pub(super) source: Option<BoxError>,
}

impl JsonError {
    pub(crate) fn of_request(
        method: &'static str,
        path: String,
        message: String,
        source: impl Into<BoxError>,
    ) -> Self {
        Self {
            method: Some(method),
            path: Some(path),
            message,
            source: Some(source.into()),
        }
    }

    /// The request's method, such as `POST`, if a request is at fault.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method
    }

    /// The request's path; tokens in it are masked. `None` if no request is at fault.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(method), Some(path)) = (self.method, &self.path) {
            write!(f, "{method} {path}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for JsonError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
