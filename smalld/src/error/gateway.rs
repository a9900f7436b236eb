//! A gateway that ended for good, or cannot take a payload.

use std::fmt;

/// The gateway ended for good, or cannot take a payload.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayError {
    /// Discord's close code, where it closed with one.
    pub close_code: Option<u16>,
    /// The shard, as `(id, count)`, where one is concerned.
    pub shard: Option<(u32, u32)>,
    pub(super) message: String,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((id, count)) = self.shard.filter(|&(_, count)| count > 1) {
            write!(f, "shard {id} of {count}: ")?;
        }
        f.write_str(&self.message)
    }
}
