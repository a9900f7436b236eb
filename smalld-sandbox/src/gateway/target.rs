//! Selection of connections and sessions: all, or those of one shard.

/// Connections and sessions by their shard. A connection without a session has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    All,
    /// The shard with this id, whatever its count.
    Shard(u64),
}

impl Target {
    pub(crate) fn includes(self, shard: Option<u64>) -> bool {
        match self {
            Self::All => true,
            Self::Shard(id) => shard == Some(id),
        }
    }
}
