//! An event, wherever it came from: its envelope and text, its origin, and what acknowledges it.

pub(crate) mod acknowledge;
pub mod catalog;
pub(crate) mod envelope;
pub(crate) mod intents;
mod payload;
pub(crate) mod scan;

pub(crate) use self::payload::Origin;
pub use self::payload::Payload;
