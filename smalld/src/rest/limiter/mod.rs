//! Decides which request may leave when: by its bucket, the limit over all, and what Discord's
//! guard thinks of this address. Pure; sockets and clocks are elsewhere.
//!
//! A request holds a ticket with a number and passes two lines, that of its bucket and the global
//! one. Lines are in the order of the numbers, so a request that got a 429 takes up its old place,
//! and one that moves to another bucket keeps its rank there. Only the first of a line watches the
//! clock; it wakes the next when it leaves.

mod admit;
mod bucket;
mod buckets;
mod dead_webhooks;
pub(crate) mod decision;
mod global;
mod headers;
mod invalid_requests;
pub(crate) mod observation;
mod observe;
pub(crate) mod permit;
pub(crate) mod route;
mod timing;
mod wait_queue;

#[cfg(test)]
mod tests;

pub(crate) use self::admit::Limiter;
