//! Errors of configurations and requests that cannot work.

use std::fmt;

/// A configuration, or a request as it was described, that cannot work. Nothing was sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfigError {
    /// The request's method, such as `POST`, if a request is at fault.
    pub method: Option<&'static str>,
    /// The request's path, with tokens masked, if a request is at fault.
    pub path: Option<String>,
    /// What cannot work, why, and what to do.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn of_request(method: &'static str, path: String, message: String) -> Self {
        Self {
            method: Some(method),
            path: Some(path),
            message,
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

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(method), Some(path)) = (self.method, &self.path) {
            write!(f, "{method} {path}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
