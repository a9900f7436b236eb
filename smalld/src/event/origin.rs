//! Origin of an event: the shard and session that received it, if any.

use std::sync::Arc;

/// The shard and session that received an event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Id of the shard and number of shards; `None` for an event that no shard received.
    pub(crate) shard: Option<(u32, u32)>,
    /// The session's id; `None` before READY, and for an event that belongs to no session.
    pub(crate) session: Option<Arc<str>>,
    pub(crate) replay: bool,
}
