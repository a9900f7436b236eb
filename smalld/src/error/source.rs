//! Errors of sources of events.

use std::fmt;

use crate::error::cause::BoxError;

/// A [source of events](crate::source::Source) failed, or its router could not pass on a payload.
#[derive(Debug)]
#[non_exhaustive]
pub struct SourceError {
    /// What happened, with the type of the source.
    pub message: String,
    /// What the source or its router returned; `None` if it panicked.
    pub source: Option<BoxError>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
