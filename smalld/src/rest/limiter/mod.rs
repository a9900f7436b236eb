//! Rate limits: when a request may be sent. Pure, except for `permit`, which connects decisions
//! with a clock.
//!
//! A request has a claim with a number and passes two queues, that of its bucket and the global one
//! (`admit`). Queues are ordered by number, so a request that got a 429 returns to its old place,
//! and one that moves to another bucket keeps its rank. Only the first request of a queue watches
//! the clock, and wakes the next one when it is sent. `observe` processes the responses.

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
mod window_end;

#[cfg(test)]
mod tests;

pub(crate) use self::admit::Limiter;
