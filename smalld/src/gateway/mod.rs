//! The gateway: a [`Shard`] and its state, which [`Shards`] a process runs, [`Sessions`] that outlive
//! it, and [`Compression`].

// One task, one session and one connection at a time for each shard.
//
// The path of a frame:
//
// 1. `connection/`: a socket is opened; its writer heartbeats on its own.
// 2. `shard/handshake.rs`: HELLO is answered with IDENTIFY, when `identify_queue.rs` grants it, or
//    with RESUME.
// 3. `shard/frame.rs`: a frame becomes text, inflated by `connection/inflate/` if it is compressed.
// 4. `shard/read.rs`: `protocol/session.rs` says what the payload means; its step is carried out.
// 5. `shard/deliver.rs`: an event goes to handlers; `checkpoint/` remembers which were handled.
// 6. `shard.rs`: after a disconnect `protocol/reconnect.rs` says when and how to connect again.
//
// In the other direction, a user's payload goes from `handle.rs` through
// `protocol/outgoing_payload.rs` to the writer, which applies `protocol/send_limit.rs`.

pub(crate) mod checkpoint;
pub(crate) mod compression;
mod connection;
pub(crate) mod handle;
mod identify_queue;
pub(crate) mod protocol;
mod shard;
pub(crate) mod shards;

pub use self::checkpoint::{SessionStore, Sessions};
pub use self::compression::Compression;
pub use self::handle::{Shard, ShardState};
pub use self::shards::Shards;

pub(crate) use self::connection::connect::{Connect, have_same_site};
pub(crate) use self::identify_queue::IdentifyQueue;
pub(crate) use self::protocol::outgoing_payload::OutgoingPayload;
pub(crate) use self::protocol::session::Identity;
pub(crate) use self::protocol::start_budget::SessionStartLimit;
pub(crate) use self::shard::{ShardContext, ShardTask};
