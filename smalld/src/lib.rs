//! A minimalist framework for the Discord API.
//!
//! smalld lets a program use Discord's API without hiding or abstracting it: events arrive as the
//! JSON that Discord sent, requests go to the paths that Discord documents. What it adds is what
//! every bot must otherwise write for itself: identifying, heartbeats, resuming, reconnecting, rate
//! limits, attachments, errors. And free functions become handlers by an attribute.
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
//! - [`on`], [`on_gateway_payload`], [`on_start`] and [`on_error`] declare handlers; [`FromEvent`] says
//!   what they can take.
//! - [`run!`] starts the bot, with the options of [`Builder`].
//! - [`SmallD`] makes requests ([`Request`]) by [`path!`], and sends payloads to the gateway.
//! - [`Error`] is what can go wrong.
//!
//! # Log
//!
//! All that smalld tells goes to [`tracing`](https://docs.rs/tracing) with the target `smalld`, as
//! sentences for people; none at `info` or above comes with every event. For programs there are
//! these fields, which stay as they are:
//!
//! | what | level | fields |
//! |---|---|---|
//! | span `handler` around each run of a handler, and so around what it tells itself | `debug` | `handler` (its path), `shard`, `event`, `seq` |
//! | event `received`, for each dispatch | `debug` | `shard`, `event`, `seq` |
//! | events of a session that has begun or goes on | `info` | `shard`, `event` (READY or RESUMED), `seq`, `replayed` (with RESUMED, how many events came before it) |
//! | all other events of a shard: why a connection ended and when the next is made, what was not understood, a refused resume | `info`, `warn` | `shard` |
//!
//! [`SmallD::shards`] gives how each [`Shard`] stands, its latency, the start of its session and how
//! often it was connected again.
//!
//! # Features
//!
//! - `log` (default): [`run!`] writes a plain log to stderr where the program has set up no
//!   `tracing` subscriber.
//! - `zlib` (default): [`Compression::ZlibStream`], in pure Rust.
//! - `zstd`: [`Compression::ZstdStream`], by the C library of zstd; the default where it is built in.

mod bot;
mod builder;
mod dispatch;
pub mod error;
mod event;
pub mod gateway;
mod log;
pub mod rest;
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

/// Handlers: what they can take and return, what they fail with, and closures as handlers.
///
/// [`FromEvent`](handler::FromEvent) and [`FromBot`](handler::FromBot) make parameters of types of your
/// own; [`Handlers`](handler::Handlers) holds the handlers of a bot.
pub mod handler {
    pub use crate::dispatch::{
        Condition, FromBot, FromEvent, HandlerError, Handlers, On, Outcome, ViaEvent,
    };
}

/// Sources of events besides the gateway: a message broker, interactions over HTTP, a recording.
///
/// A [`Source`](source::Source) makes a [`Delivery`](source::Delivery) of each event, hands it to its
/// [`Sink`](source::Sink), and learns by [`Acknowledge`](source::Acknowledge) how it ended.
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
/// It blocks, starts a tokio runtime of its own and gives a [`Result<()>`](Result), so that it can
/// be the body of a plain `fn main`. Options are the methods of [`Builder`], by name:
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
/// Where the program has set up no `tracing` subscriber, a plain one writes to stderr (feature
/// `log`); `SMALLD_LOG` says how much: `off`, `error`, `warn`, `info` (the default) or `debug`.
///
/// # Errors
///
/// As [`Builder::build`] and [`SmallD::run`]. In async code, where it must not block, an error that
/// says what to write instead.
#[macro_export]
macro_rules! run {
    ($($option:ident = $value:expr),* $(,)?) => {
        $crate::SmallD::builder()$(.$option($value))*.run_blocking()
    };
}

/// What generated code needs; not for people, and free to change.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow::Borrowed;

    pub use inventory::submit;

    pub use crate::dispatch::{
        Call, EventTrigger, Failure, Field, Filter, Registration, Scalar, Trigger, check,
        check_from_bot, check_from_failure, extract, extract_from_bot, extract_from_failure,
        outcome,
    };
    pub use crate::rest::path::{path, path_value};
}

/// The examples of the README and of the guide are compiled, too.
#[cfg(doctest)]
mod docs {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../docs/GUIDE.md")]
    struct Guide;
}
