//! A Discord to develop and test bots against, on your own machine.
//!
//! A [`Sandbox`] is one guild with one text channel, some people and one bot. It serves Discord's
//! REST API and gateway (version 10) on the loopback, keeps what is written, tells it to whom
//! the intents say, limits rates, and refuses what Discord refuses, in Discord's own words. A bot
//! in any language runs against it that can be told where the API is.
//!
//! Tests speak as a user, look at what the bot does, and let happen what is hard to wait for:
//! connections that drop, sessions that end, events that nobody has heard of.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use smalld_sandbox::Sandbox;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let sandbox = Sandbox::start().await?;
//! // Here a bot would be started, with `sandbox.base_url()` and `sandbox.token()`.
//! assert!(sandbox.wait_until_ready(Duration::from_secs(10)).await);
//!
//! sandbox.say("++ping");
//! let said = |message: &serde_json::Value| message["content"] == "pong";
//! assert!(sandbox.wait_for_message(said, Duration::from_secs(5)).await.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! The program of the same name does this for people: it starts a bot, shows the conversation in
//! the terminal, and says what is typed.

mod builder;
mod gateway;
mod happening;
mod hub;
mod intents;
mod journal;
mod request;
mod rest;
mod sandbox;
mod server;
mod snowflake;
mod timestamp;
mod token;
mod world;

pub use builder::Builder;
pub use happening::{Happening, Happenings};
pub use request::{File, Request};
pub use sandbox::{Sandbox, User};
