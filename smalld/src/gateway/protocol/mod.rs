//! Rules of Discord's gateway protocol. Pure: no sockets, and time and randomness are arguments.
//!
//! - `session`: what a payload means and how it is answered; `hello`, `ready`: the two it parses.
//! - `disconnect`, `close_code`, `reconnect`: how a connection ended, and what comes next.
//! - `start_budget`: when a shard may identify, among all shards of the bot.
//! - `heartbeat`: when a heartbeat is due, and when a connection is dead.
//! - `outgoing_payload`, `send_limit`: what a user may send, and how often.

pub(crate) mod close_code;
pub(crate) mod disconnect;
pub(crate) mod heartbeat;
mod hello;
pub(crate) mod outgoing_payload;
pub(crate) mod ready;
pub(crate) mod reconnect;
pub(crate) mod send_limit;
pub(crate) mod session;
pub(crate) mod session_starts;
pub(crate) mod start_budget;
