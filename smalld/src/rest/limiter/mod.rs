//! Rate limits: which request may leave when. Pure but for `permit`, where decisions meet a clock.
//!
//! A request has a claim with a number and passes two queues, that of its bucket and the global one
//! (`admit`). Queues are in the order of the numbers, so a request that got a 429 takes up its old
//! place, and one that moves to another bucket keeps its rank there. Only the first of a queue watches
//! the clock; it wakes the next one when it leaves. Responses are observed in `observe`.

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
