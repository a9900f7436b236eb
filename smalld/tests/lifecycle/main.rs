//! A bot from its options to its last save: start, stop, kept sessions, and what it logs.

#[path = "../support/mod.rs"]
mod support;

mod log_fields;
mod nothing_left;
mod options;
mod secrets;
mod sessions;
mod stopping;
