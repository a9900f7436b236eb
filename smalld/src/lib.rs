//! A minimalist framework for the Discord API.
//!
//! smalld does not hide Discord's API: events arrive as the JSON that Discord sent, and requests go
//! to the paths that Discord documents. It adds what every bot would otherwise have to write itself:
//! identifying, heartbeats, resuming, reconnecting, rate limits, attachments and errors. An attribute
//! turns a function into a handler.
//!
//! ```no_run
//! use smalld::{Json, SmallD, json, path};
//!
//! #[smalld::on(message_create)]
//! async fn on_message(bot: SmallD, msg: Json) -> smalld::Result<()> {
//!     if msg["content"] == "++ping" {
//!         bot.post(path!("/channels/{}/messages", msg["channel_id"]), json!({ "content": "pong" })).await?;
//!     }
//!     Ok(())
//! }
//!
//! fn main() -> smalld::Result<()> {
//!     smalld::run!()
//! }
//! ```
//!
//! The attributes [`on`], [`on_gateway_payload`], [`on_start`] and [`on_error`] declare handlers;
//! [`on`] also documents what handlers can take and return. [`run!`] builds and runs the bot.
//!
//! # Types
//!
//! The root of the crate has the ten types that nearly every bot uses:
//!
//! - [`SmallD`]: the bot. It makes requests to paths that [`path!`] builds, and sends payloads to
//!   the gateway.
//! - [`Builder`]: the options of a bot.
//! - [`Intents`]: which events Discord sends.
//! - [`Json`]: a JSON value, such as an event's `d`; [`json!`] builds one.
//! - [`Payload`]: an event as Discord sent it.
//! - [`Shard`]: one of the bot's connections to the gateway.
//! - [`State`]: a value that handlers share.
//! - [`Error`], [`Result`] and [`BoxError`]: what can go wrong in smalld, and in a handler.
//!
//! # Modules
//!
//! - [`error`]: the structs inside [`Error`], with the method, the path, the status and the message
//!   of a failed request.
//! - [`events`]: a constant for each event that Discord dispatches, with its intents and a link to
//!   Discord's documentation.
//! - [`gateway`]: which shards a process runs, compression, and where sessions are saved.
//! - [`handler`]: closures as handlers, and traits for parameters and return values of your own.
//! - [`rest`]: requests, responses, attachments, and what to do at a rate limit.
//! - [`source`]: sources of events other than the gateway.
//!
//! # Threads
//!
//! An `async` handler must not block its thread. Code that blocks belongs into a handler that is a plain
//! `fn`, which gets a thread that it may block, or into `tokio::task::spawn_blocking`. What an `async`
//! handler stops if it blocks all the same, because of a deadlock, a busy loop or
//! `std::thread::sleep`, depends on how the bot was started:
//!
//! | | [`run!`] and [`run_blocking`](SmallD::run_blocking) | [`run().await`](SmallD::run) |
//! |---|---|---|
//! | runtime | one of its own for handlers, with at least two worker threads, and one on the calling thread (the *control thread*), where no handler runs | the caller's; smalld starts no runtime, and no thread but those of `spawn_blocking` |
//! | heartbeats and other payloads to the gateway | sent on time, even if all workers are blocked | sent once a thread of the runtime is free |
//! | the shard that received the event | reads nothing more until the handler's first poll returns | the same |
//! | other handlers and shards | continue within a quarter of a second while a worker is free | may wait for the blocked thread, even if another one is idle |
//! | log | names the handler after one second, then at growing intervals, at least every minute | nothing |
//! | saves of [`sessions`](Builder::sessions) | continue, even if all workers are blocked | wait for a free thread |
//! | ctrl-c, SIGTERM, a second signal, [`shutdown_timeout`](Builder::shutdown_timeout) | work, even if all workers are blocked | wait for a free thread |
//! | when the run ends | the threads of blocked handlers are left behind, and the program can exit | a tokio runtime waits for its blocked workers when it is dropped |
//!
//! Under `run().await`, a block that is longer than a heartbeat interval (about 41 seconds) can also make
//! smalld miss an acknowledgement that has arrived but was not read. It then takes the connection for
//! dead, and resumes; no event is lost. On the other hand all timers are those of the caller's runtime,
//! so a test that pauses tokio's clock controls all of them.
//!
//! # Log
//!
//! smalld logs to [`tracing`](https://docs.rs/tracing) with the target `smalld`. The messages are for
//! people and may change. At `info` and above, nothing is logged for every event. These fields are
//! for programs and stay as they are:
//!
//! | what | level | fields |
//! |---|---|---|
//! | span `handler`, around each run of a handler and everything that it logs | `debug` | `handler` (its path), `shard`, `event`, `seq` |
//! | event `received`, for each dispatch | `debug` | `shard`, `event`, `seq` |
//! | a session has started or was resumed | `info` | `shard`, `event` (READY or RESUMED), `seq`, `replayed` (with RESUMED: the number of events that were replayed) |
//! | all other log events of a shard, such as why a connection ended, when the next attempt is made, or a refused resume | `info`, `warn` | `shard` |
//!
//! [`SmallD::shards`] returns each [`Shard`] with its status, its latency, the start of its session
//! and how often it has reconnected.
//!
//! # Features
//!
//! - `log` (default): [`run!`] writes a plain log to stderr unless the program has installed a
//!   `tracing` subscriber.
//! - `zlib` (default): [`Compression::ZlibStream`](gateway::Compression::ZlibStream), in pure Rust.
//! - `zstd`: [`Compression::ZstdStream`](gateway::Compression::ZstdStream), with the C library of
//!   zstd; the default compression if this feature is enabled.

mod bot;
mod builder;
pub mod constants;
mod dispatch;
pub mod error;
mod event;
pub mod gateway;
pub mod interaction;
mod log;
mod permissions;
pub mod rest;
mod retry_after;
mod run;
mod shutdown;
mod states;
mod tls;
mod token;
mod unwind;

pub use bot::SmallD;
pub use builder::Builder;
pub use dispatch::State;
pub use error::{BoxError, Error, Result};
pub use event::Payload;
pub use event::catalog as events;
pub use event::intents::Intents;
pub use gateway::Shard;
pub use permissions::Permissions;

/// Handlers: what they can take and return, their errors, and closures as handlers.
///
/// Implement [`FromEvent`](handler::FromEvent) or [`FromBot`](handler::FromBot) to use a type of your
/// own as a parameter; [`Handlers`](handler::Handlers) holds the handlers of a bot.
pub mod handler {
    pub use crate::dispatch::{
        Condition, FromBot, FromEvent, HandlerError, Handlers, On, Outcome, ViaEvent,
    };
}

/// Sources of events other than the gateway: a message broker, interactions over HTTP, a recording.
///
/// A [`Source`](source::Source) turns each event into a [`Delivery`](source::Delivery) and hands it to
/// its [`Sink`](source::Sink). Its [`Acknowledge`](source::Acknowledge) is called when the event's
/// handlers have ended.
pub mod source {
    pub use crate::event::acknowledge::{Acknowledge, Ending};
    pub use crate::event::delivery::Delivery;
    pub use crate::event::sink::Sink;
    pub use crate::event::source::{Router, Source};
}

#[doc(inline)]
pub use serde_json::Value as Json;
pub use serde_json::json;
#[doc = include_str!("attributes/on.md")]
pub use smalld_macros::on;
#[doc = include_str!("attributes/on_error.md")]
pub use smalld_macros::on_error;
#[doc = include_str!("attributes/on_gateway_payload.md")]
pub use smalld_macros::on_gateway_payload;
#[doc = include_str!("attributes/on_start.md")]
pub use smalld_macros::on_start;
#[doc = include_str!("attributes/path.md")]
pub use smalld_macros::path;

/// Builds a bot from the environment and the given options, and runs it until it is stopped.
///
/// It blocks the calling thread, starts its own tokio runtimes and returns a [`Result<()>`](Result), so
/// it can be the body of a plain `fn main`. Heartbeats, saves, signals and the shutdown run on the
/// calling thread, so they work even if handlers block all others; see [Threads](crate#threads).
///
/// The options are the methods of [`Builder`], by name:
///
/// ```no_run
/// use smalld::Intents;
///
/// fn main() -> smalld::Result<()> {
///     smalld::run!(
///         intents = Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES,
///         shard = (0, 2),
///     )
/// }
/// ```
///
/// ctrl-c and SIGTERM stop the bot, unless the option [`signals`](Builder::signals) says otherwise.
/// Handlers may then finish within [`shutdown_timeout`](Builder::shutdown_timeout); a second signal
/// stops at once.
///
/// Unless the program has installed a `tracing` subscriber, `run!` writes a plain log to stderr (feature
/// `log`). The environment variable `SMALLD_LOG` sets the level: `off`, `error`, `warn`, `info` (the
/// default) or `debug`.
///
/// # Errors
///
/// Those of [`Builder::build`] and [`SmallD::run`]. [`Error::Config`] in async code, where it must not
/// block; the message says what to write instead.
#[macro_export]
macro_rules! run {
    ($($option:ident = $value:expr),* $(,)?) => {
        $crate::SmallD::builder()$(.$option($value))*.run_blocking()
    };
}

/// For generated code only. It may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow::Borrowed;

    pub use inventory::submit;

    pub use crate::dispatch::{
        Alternative, Call, EventTrigger, Failure, Field, Filter, Registration, Scalar, Trigger,
        check, check_from_bot, check_from_failure, extract, extract_from_bot, extract_from_failure,
        outcome,
    };
    pub use crate::rest::path::{path, path_value};
}

/// Compiles the examples of the README and the guide.
#[cfg(doctest)]
mod docs {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/GUIDE.md")]
    struct Guide;
}
