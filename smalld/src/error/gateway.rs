//! Errors of the gateway.

use std::fmt;

/// The gateway connection ended and must not be made again, or a payload cannot be sent over it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayError {
    /// Discord's close code, if it closed the connection with one.
    pub close_code: Option<u16>,
    /// The shard, as `(id, count)`, if it is about one.
    pub shard: Option<(u32, u32)>,
    /// What happened, why, and what to do.
    pub message: String,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((id, count)) = self.shard.filter(|&(_, count)| count > 1) {
            write!(f, "shard {id} of {count}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for GatewayError {}
