//! A bot's sessions with Discord's gateway, one for each shard.

pub(crate) mod checkpoint;
pub(crate) mod compression;
mod connection;
mod handle;
mod identify_queue;
pub(crate) mod protocol;
mod shard;
pub(crate) mod shards;

pub use self::handle::{Shard, ShardState};

pub(crate) use self::connection::connect::{Connect, are_of_one_site};
pub(crate) use self::handle::over;
pub(crate) use self::identify_queue::IdentifyQueue;
pub(crate) use self::protocol::outgoing_payload::{OutgoingPayload, shard_of};
pub(crate) use self::protocol::session::Identity;
pub(crate) use self::protocol::start_budget::SessionStartLimit;
pub(crate) use self::shard::{ShardContext, ShardTask};
