//! What tests and front ends hold: the handle, its options, its faults and its scripts.

pub(crate) mod builder;
pub(crate) mod clock;
mod components;
mod events;
mod expect;
mod faults;
mod gateway_facts;
pub(crate) mod guild;
mod names;
mod record;
mod report;
pub(crate) mod response;
pub(crate) mod role;
pub(crate) mod running;
pub(crate) mod sandbox;
pub(crate) mod script;
pub(crate) mod shard;
pub(crate) mod slash;
pub(crate) mod user;
mod waiting;
