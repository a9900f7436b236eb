//! Whom something concerns: everybody, or what belongs to one shard.

/// Connections and sessions, by their shard. Whoever has not identified belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    All,
    /// The shard with this id, of whatever number of shards.
    Shard(u64),
}

impl Whom {
    pub(crate) fn includes(self, shard: Option<u64>) -> bool {
        match self {
            Self::All => true,
            Self::Shard(id) => shard == Some(id),
        }
    }
}
