//! REST: requests to Discord's HTTP API, [`RateLimits`], [`Attachment`]s and [`Response`]s.

// The path of a request through the files:
//
// 1. `request`: [`Request`] collects a `draft`, and is the future that sends it (`blocking` waits for
//    it without `.await`).
// 2. `prepare`: the draft becomes URL, headers and body, each of them checked: `path`, `base_url`,
//    `attachment`.
// 3. `send`: acquires a permit from the `limiter`: the bucket of the route, then the global limit.
// 4. `transport`: one attempt over the network; secrets are masked in what comes back.
// 5. `send` again: tells the limiter what it observed, parses an `error_body`, and decides with
//    `retry` whether the response goes to the caller or another attempt begins at 3.
//
// The `client` is what all requests of a bot share. `docs/REST.md` has the rules, and what they cost.

mod attachment;
mod base_url;
mod blocking;
mod client;
mod draft;
mod error_body;
mod limiter;
pub(crate) mod path;
mod prepare;
mod rate_limits;
mod request;
mod retry;
mod send;
mod server_clock;
mod transport;

pub use self::attachment::Attachment;
pub use self::path::{Path, PathValue};
pub use self::rate_limits::RateLimits;
pub use self::request::Request;
pub use crate::error::Response;

pub(crate) use self::base_url::{Base, DISCORD};
pub(crate) use self::client::Rest;
pub(crate) use self::draft::Draft;
