//! Running a bot: joins handlers, shards, sources and signals. The only folder that may import from all
//! others.
//!
//! [`lifecycle`] drives a run. [`preflight`] asks Discord for what the first connections need, and
//! [`startup_log`] logs it. The `on_start` handlers run. [`shards`] and [`sources`] become tasks. Then
//! the run waits until a task fails, all have ended, or the bot is told to stop ([`signals`]). Under
//! `run!`, all this happens on a control thread ([`runtimes`]), beside a [`watchdog`].

mod application;
mod file_descriptors;
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
