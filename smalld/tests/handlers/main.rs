//! Handlers: how they are declared, what they take, in which order they run, and how they fail.

#[path = "../support/mod.rs"]
mod support;

mod interactions;
mod ordered;
mod parameters;
mod ping;
mod several_bots;
mod sources;
mod start_and_errors;
mod warnings;
