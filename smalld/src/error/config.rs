//! Configurations that cannot work.

/// A configuration that cannot work.
#[derive(Clone, Debug)]
pub struct ConfigError {
    pub(super) message: String,
}
