//! Bots in processes of their own, which are deployed, stopped, killed and started again.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod acknowledged;
mod blocked;
mod bot;
mod deployment;
mod kills;
mod poison;
mod process;
mod rolling;
mod starts;
mod stopping;
