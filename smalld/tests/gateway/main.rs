//! Gateway connections over real sockets. In most of these tests the test is the server, frame by
//! frame; the others run against the sandbox.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "as in a crate of its own")]

#[path = "../recorded/mod.rs"]
mod recorded;
#[path = "../scripted/mod.rs"]
mod scripted;
#[path = "../support/mod.rs"]
mod support;

mod test_bot;

mod compression;
mod connecting;
mod frames;
mod last_words;
mod leaving;
mod life;
mod losing;
mod resuming;
mod sending;
mod shards;
mod sockets;
mod starting;
