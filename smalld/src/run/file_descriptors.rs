//! Check at startup that enough files and sockets can be opened. tokio panics if it cannot open those of
//! a runtime.

use std::fs::File;

use crate::error::{Error, Result};

/// What the two runtimes, a shard, a request and the session store need.
const REQUIRED: usize = 16;
/// With fewer, a warning is logged.
const RECOMMENDED: usize = 64;

/// Fails if so few file descriptors are left that the bot cannot work, and warns if they are few.
pub(super) fn check() -> Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let free = free();
    let advice = "an open connection, request or file takes one, and a shard takes two: raise the limit of the process, for example by `ulimit -n 1024`";
    if free < REQUIRED {
        return Err(Error::config(format!(
            "only {free} file descriptors are left, and a bot needs at least {REQUIRED}: {advice}"
        )));
    }
    if free < RECOMMENDED {
        tracing::warn!(target: "smalld", "only {free} file descriptors are left: {advice}");
    }
    Ok(())
}

/// How many files can be opened now, up to `RECOMMENDED`.
fn free() -> usize {
    let mut files = Vec::with_capacity(RECOMMENDED);
    while files.len() < RECOMMENDED {
        match File::open("/dev/null") {
            Ok(file) => files.push(file),
            Err(error) if is_limit(&error) => break,
            // It says nothing about the limit.
            Err(_) => return RECOMMENDED,
        }
    }
    files.len()
}

#[cfg(unix)]
fn is_limit(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

#[cfg(not(unix))]
fn is_limit(_: &std::io::Error) -> bool {
    false
}
