//! The WebSocket protocol (RFC 6455) as a client speaks it: the upgrade of an HTTP connection, and frames.
//!
//! It is written here, rather than taken from a library, for the sake of the read buffer: it grows for a
//! burst and is given back when a shard is quiet, and messages are read in place. Nothing that is sent
//! is logged, so no log can contain the token.

mod buffer;
mod frame;
pub(in crate::gateway) mod reader;
pub(super) mod upgrade;
pub(in crate::gateway) mod writer;

use std::io;

use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes that nobody can predict.
fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
