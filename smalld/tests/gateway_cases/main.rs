//! Discord's cases of the gateway over real sockets: the test is the server, frame by frame.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "as in a crate of its own")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../scripted/mod.rs"]
mod scripted;

mod clock;
mod play;

mod connecting;
mod frames;
mod leaving;
mod life;
mod losing;
mod resuming;
mod sending;
mod starting;
