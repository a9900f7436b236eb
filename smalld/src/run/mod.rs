//! Runs a bot: joins handlers, shards and signals. The only folder that knows all the others.

mod launch;
mod lifecycle;
pub(crate) mod plan;
mod preflight;
pub(crate) mod requested_intents;
mod signals;

pub(crate) use self::lifecycle::outside_of_a_runtime;
