//! An event, wherever it came from: its envelope and text, its origin, and who learns how it ended.
//! A source delivers it into a sink; whoever runs handlers stands behind that.

pub(crate) mod acknowledge;
pub mod catalog;
pub(crate) mod delivery;
pub(crate) mod envelope;
pub(crate) mod intents;
pub(crate) mod origin;
pub(crate) mod payload;
pub(crate) mod scan;
pub(crate) mod sink;
pub(crate) mod source;

pub use self::payload::Payload;
