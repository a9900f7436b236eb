//! JSON that could not be written or read.

use crate::error::cause::BoxError;

/// JSON that could not be written or read.
#[derive(Debug)]
pub struct JsonError {
    pub(super) message: String,
    pub(super) source: Option<BoxError>,
}
