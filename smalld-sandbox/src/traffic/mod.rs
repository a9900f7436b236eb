//! The traffic of a large bot: events with realistic sizes and frequencies, encoded as Discord encodes them.
//!
//! [`Traffic`] generates the events, [`Encoder`] turns them into WebSocket frames. Both are repeatable: the
//! same seed gives the same bytes. The program `smalld-load` floods bots with them.

mod encoder;
mod generator;

pub use encoder::{Encoder, Encoding, UnknownEncoding};
pub use generator::{Mix, Traffic, UnknownMix};
