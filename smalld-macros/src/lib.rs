//! The macros of [smalld](https://docs.rs/smalld), which re-exports them: see there.
//!
//! They parse, check and emit a few lines; all that can be a normal function is one, in smalld.

mod arguments;
mod event;
mod events;
mod expand;
mod filter;
mod handler;
mod mistakes;
mod names;
mod path;
mod place;
mod pointer;
mod routes;
mod run;
mod template;
mod text;

use proc_macro::TokenStream;
use quote::quote;

use crate::filter::Filter;
use crate::handler::Handler;

#[doc = include_str!("on.md")]
#[proc_macro_attribute]
pub fn on(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_event(arguments.into()), &item.into()).into()
}

/// Makes a function the handler of whole gateway payloads, whatever their opcode.
///
/// ```
/// use smalld::{Json, Payload};
///
/// #[smalld::on_gateway_payload]
/// fn every(payload: Payload) {
///     println!("{} {}", payload.op(), payload.text());
/// }
///
/// #[smalld::on_gateway_payload(op = 0, t = "READY")]
/// async fn ready(payload: Json) {
///     println!("{} {}", payload["s"], payload["d"]["session_id"]);
/// }
/// ```
///
/// Without arguments it takes every payload that comes, heartbeats and opcodes unknown to smalld
/// included. All of these may narrow it down, in any order, and all must hold:
///
/// - `op = 10`: the opcode, from 0 to 255
/// - `t = "READY"`: the name of a dispatched event, taken as it stands; it is upper case, as in the
///   JSON
/// - `"/d/v" = 10`: filters as those of [`on`](macro@on), but their pointers go into the whole
///   payload, and so do the parameters: a `Json` is `{"op": .., "d": .., "s": .., "t": ..}`
///
/// `ordered`, `crate = ..` and the function are as with [`on`](macro@on).
#[proc_macro_attribute]
pub fn on_gateway_payload(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_gateway_payload(arguments.into()), &item.into()).into()
}

/// Makes a function a handler that runs once, before the bot connects.
///
/// It is the place for what bots used to do at READY, which a resumed session does not bring. There
/// is no event yet, so it takes [`SmallD`](https://docs.rs/smalld/latest/smalld/struct.SmallD.html),
/// [`State<T>`](https://docs.rs/smalld/latest/smalld/struct.State.html), and types of your own that
/// implement [`FromBot`](https://docs.rs/smalld/latest/smalld/trait.FromBot.html), and returns what
/// every handler may return. The bot connects when all of them have ended, or after ten seconds;
/// what fails is reported, and the bot goes on. The bot's id is known here.
///
/// ```
/// use smalld::{SmallD, json, path};
///
/// #[smalld::on_start]
/// async fn register(bot: SmallD) -> smalld::Result<()> {
///     let application = bot.get("/applications/@me").await?;
///     let commands = json!([{ "name": "ping", "description": "answers with pong" }]);
///     bot.put(path!("/applications/{}/commands", application["id"]), commands).await?;
///     Ok(())
/// }
/// ```
///
/// What begins here and goes on is a task of its own, so that the bot need not wait for it:
///
/// ```
/// use std::time::Duration;
/// use smalld::{SmallD, json};
///
/// #[smalld::on_start]
/// async fn remind(bot: SmallD) {
///     tokio::spawn(async move {
///         loop {
///             tokio::time::sleep(Duration::from_secs(3600)).await;
///             let hourly = json!({ "content": "another hour" });
///             if let Err(error) = bot.post("/channels/5/messages", hourly).await {
///                 eprintln!("{error}");
///             }
///         }
///     });
/// }
/// ```
#[proc_macro_attribute]
pub fn on_start(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_start(arguments.into()), &item.into()).into()
}

/// Makes a function a handler of the failures of other handlers, which are then not logged.
///
/// An error that a handler returns, a panic, and an event that does not fit its parameters each come
/// as a [`HandlerError`](https://docs.rs/smalld/latest/smalld/struct.HandlerError.html). Other
/// parameters are those of any handler, taken from the event at which it failed: a `Json` is its
/// `d`. If a handler of [`on_start`](macro@on_start) failed, there is no event: JSON is null then,
/// and a [`Payload`](https://docs.rs/smalld/latest/smalld/struct.Payload.html) does not fit. What
/// fails in here is logged, and so are failures that come while too many handlers run.
///
/// ```
/// use smalld::{HandlerError, Json, SmallD, json, path};
///
/// #[smalld::on_error]
/// async fn apologize(bot: SmallD, error: HandlerError, d: Json) -> smalld::Result<()> {
///     eprintln!("{error}");
///     if error.event() == "MESSAGE_CREATE" {
///         let sorry = json!({ "content": "something went wrong" });
///         bot.post(path!("/channels/{}/messages", d["channel_id"]), sorry).await?;
///     }
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn on_error(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_error(arguments.into()), &item.into()).into()
}

/// A path of Discord's API, with values put in.
///
/// ```
/// use smalld::{json, path};
///
/// let msg = json!({ "id": "7", "channel_id": "5" });
/// let path = path!("/channels/{}/messages/{}", msg["channel_id"], msg["id"]);
///
/// let guild_id = "81384788765712384";
/// let path = path!("/guilds/{guild_id}/members/{}", 42);
/// ```
///
/// A placeholder is `{}`, for the next argument, or `{name}`, for a variable, as in `format!`; a
/// brace itself is `{{` or `}}`. A value is a string, an integer, or JSON that is one of these. It
/// is percent-encoded, so that no value can lead to another route. A value that is empty, `.` or
/// `..`, or JSON of another kind (a missing field is null) is an error of the request; it names the
/// placeholder, and nothing is sent.
///
/// The template is checked against the routes that Discord documents: a misspelling is an error
/// that offers the nearest. One that is newer than smalld is marked `new`:
///
/// ```
/// # use smalld::path;
/// let path = path!(new "/things/{}", 5);
/// ```
///
/// A query is no part of it: add `.param("limit", 5)` to the request. Where smalld goes by another
/// name, `crate = ..` says which, as in `path!(crate = ::my_smalld, "/users/@me")`.
#[proc_macro]
pub fn path(input: TokenStream) -> TokenStream {
    path::expand(input.into()).into()
}

/// What `smalld::run!` emits once its options are well-formed.
#[doc(hidden)]
#[proc_macro]
pub fn run_checked(input: TokenStream) -> TokenStream {
    run::checked(input.into()).into()
}

/// What `smalld::run!` emits where they are not.
#[doc(hidden)]
#[proc_macro]
pub fn run_mistake(input: TokenStream) -> TokenStream {
    run::mistake(input.into()).into()
}

/// The function untouched, so that editors go on completing in it and one mistake does not become
/// ten; behind it the registration, or every mistake there is.
fn handler(
    filter: syn::Result<Filter>,
    item: &proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let added = match (filter, Handler::parse(item.clone())) {
        (Ok(filter), Ok(handler)) => expand::registration(&filter, &handler),
        (Err(mut errors), Err(others)) => {
            errors.combine(others);
            errors.into_compile_error()
        }
        (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => errors.into_compile_error(),
    };
    quote!(#item #added)
}
