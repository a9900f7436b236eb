//! Events, independent of their source: their envelope and text, their origin, and their
//! acknowledgement. A source delivers them to a sink, which is implemented by the dispatcher.

pub(crate) mod acknowledge;
pub(crate) mod answer;
pub mod catalog;
pub(crate) mod delivery;
pub(crate) mod envelope;
pub(crate) mod intents;
pub(crate) mod origin;
pub(crate) mod payload;
pub(crate) mod scan;
pub(crate) mod sink;
pub(crate) mod skim;
pub(crate) mod source;

pub use self::payload::Payload;
