//! Long runs under load and faults, in a process of their own: they watch the clock and count memory.

#[path = "../support/mod.rs"]
mod support;

mod backpressure;
mod interruptions;
mod soak;
