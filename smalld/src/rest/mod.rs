//! REST: from a request to its answer. Waits or refuses as the limiter says, tries again what is
//! worth it, and turns everything else into an error that says what happened. `docs/REST.md` has the
//! rules in whole sentences, and the figures.

mod attachment;
mod base_url;
mod blocking;
mod client;
mod draft;
mod error_body;
mod limiter;
mod path;
mod prepare;
mod rate_limits;
mod request;
mod retry;
mod send;
mod transport;

pub use self::attachment::Attachment;
pub use self::path::{Path, PathValue, path, path_value};
pub use self::rate_limits::RateLimits;
pub use self::request::Request;
pub use crate::error::Response;

pub(crate) use self::base_url::{Base, DISCORD};
pub(crate) use self::client::Rest;
