//! What tests and front ends hold: the handle, its options, its faults and its scripts.

pub(crate) mod builder;
mod facts;
mod faults;
pub(crate) mod sandbox;
pub(crate) mod script;
pub(crate) mod shard;
