//! A Discord to develop and test bots against, on your own machine.
//!
//! A [`Sandbox`] serves Discord's REST API and gateway (version 10) on the loopback. It keeps guilds
//! with their channels, roles, members and messages, dispatches events by intents and shards, limits rates, and refuses
//! what Discord refuses, with Discord's own errors. A bot in any language can run against it if the
//! address of the API can be set. `ROUTES.md` lists the simulated routes; [`Sandbox::on`] stubs others.
//!
//! Tests act as users, check what the bot does, and cause what is hard to wait for: connections that
//! drop, sessions that end, unknown events.
//!
//! ```no_run
//! use smalld_sandbox::Sandbox;
//!
//! # async fn bot(url: String, token: String) -> std::io::Result<()> { Ok(()) }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let discord = Sandbox::start().await?;
//! // `bot` is any future that runs a bot until it fails.
//! let running = discord.run(|d| bot(d.url().to_owned(), d.token().to_owned())).await?;
//! let (ada, bob) = (discord.user("ada"), discord.user("bob"));
//!
//! ada.say("#general", "++ping").await;
//! discord.expect_message("#general", "pong").await;
//!
//! let asked = ada.slash("warn").option("user", &bob).option("reason", "spam").run().await;
//! let modal = ada.click(&asked, "confirm:yes").await;
//! ada.submit(&modal, [("note", "the second time")]).await;
//! assert_eq!(asked.content(), "bob was warned");
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! [`Sandbox::clock`] stops the clock of the bot and the sandbox, and advances it: an hour passes in
//! milliseconds, with all its heartbeats. A clock that is only paused (`start_paused`) is wrong for a
//! bot: bytes on a socket take real time, and such a clock jumps to the end of every wait meanwhile.
//!
//! # Faults
//!
//! The sandbox enforces Discord's limits of IDENTIFY. A test can cause faults for all bots, or for one
//! [`shard`](Sandbox::shard).
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use smalld_sandbox::{Refusal, Replay, Sandbox};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let builder = Sandbox::builder().shards(2).max_concurrency(1);
//! let sandbox = builder.replay(Replay::Unacknowledged).start().await?;
//! // Start a bot here.
//! let both = |sandbox: &Sandbox| sandbox.identifies() == 2;
//! assert!(sandbox.wait_until(both, Duration::from_secs(20)).await);
//! assert_eq!(sandbox.too_early_identifies(), 0);
//!
//! sandbox.refuse_connections(Refusal::status(503).at_resume_url(), 1);
//! sandbox.shard(1).hang();
//! let back = |sandbox: &Sandbox| sandbox.shard(1).resumes() == 1;
//! assert!(sandbox.wait_until(back, Duration::from_secs(120)).await);
//! # Ok(())
//! # }
//! ```
//!
//! # Scripts
//!
//! A [`Script`] does what a real server would never do: it takes the gateway's connections from the
//! sandbox, and the test sends every frame itself.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use serde_json::json;
//! use smalld_sandbox::{Received, Refusal, Sandbox};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! const SOON: Duration = Duration::from_secs(10);
//! let sandbox = Sandbox::start().await?;
//! let mut script = sandbox.script();
//! script.refuse(Refusal::status(503), 1);
//! // Start a bot here; its first attempt to connect fails.
//! let mut connection = script.connection(SOON).await.expect("a second attempt");
//! assert_eq!(connection.target(), "/?v=10&encoding=json");
//! connection.hello(Duration::from_secs(45)).await;
//! let identify = connection.payload_of(2, SOON).await.expect("IDENTIFY");
//! assert_eq!(identify["d"]["token"], sandbox.token());
//! connection.ready("session", 1).await;
//! connection.dispatch("MESSAGE_CREATE", 2, json!({ "content": "hi" })).await;
//! connection.send_text("{ garbage").await;
//! assert!(matches!(connection.receive(SOON).await, Received::Close(Some(_))));
//!
//! let connection = script.connection(SOON).await.expect("another one");
//! assert!(connection.to_resume_url());
//! # Ok(())
//! # }
//! ```
//!
//! The program of the same name is for people: it starts a bot, shows the conversation in the
//! terminal, and sends what is typed.

mod gateway;
mod hub;
mod library;
mod rest;
mod server;
#[cfg(feature = "load")]
pub mod traffic;
mod world;

pub use gateway::refusal::Refusal;
pub use gateway::replay::Replay;
pub use hub::happening::{Happening, Happenings};
pub use library::builder::Builder;
pub use library::clock::Clock;
pub use library::guild::Guild;
pub use library::response::Response;
pub use library::role::Role;
pub use library::running::Running;
pub use library::sandbox::Sandbox;
pub use library::script::{Connection, Received, Script};
pub use library::shard::Shard;
pub use library::slash::{OptionValue, Slash};
pub use library::user::User;
pub use rest::openapi::OpenApi;
pub use rest::rate_limit::Scope;
pub use rest::reply::Reply;
pub use rest::request::{File, Request};

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
