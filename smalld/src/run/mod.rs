//! Runs a bot: joins handlers, shards, sources and signals. The only folder that knows all the others.
//!
//! [`lifecycle`] goes through it: [`preflight`] asks Discord what the first connections need and logs
//! what was found ([`startup_log`]); handlers of the start run; [`shards`] and [`sources`] become tasks;
//! then it waits for [`signals`] or the end. Under `run!` it runs on a control thread ([`runtimes`])
//! beside a [`watchdog`].

mod application;
mod gateway_bot;
mod lifecycle;
pub(crate) mod plan;
mod preflight;
pub(crate) mod requested_intents;
mod runtimes;
mod shard_parameter;
mod shards;
mod signals;
mod sources;
mod startup_log;
mod watchdog;

pub(crate) use self::lifecycle::outside_of_a_runtime;

#[cfg(test)]
mod tests;
