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
mod template;
mod text;

use proc_macro::TokenStream;
use quote::quote;

use crate::filter::Filter;
use crate::handler::Handler;

/// Makes a function the handler of an event.
///
/// ```
/// use smalld::{Json, SmallD, json, path};
///
/// #[smalld::on(message_create)]
/// async fn pong(bot: SmallD, msg: Json) -> smalld::Result<()> {
///     if msg["content"] == "++ping" {
///         let reply = json!({ "content": "pong" });
///         bot.post(path!("/channels/{}/messages", msg["channel_id"]), reply).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// The function itself stays as it is, so that it can be called and tested like any other.
///
/// # Which events
///
/// An event is one of those that [Discord documents], in lower case, and checked: a misspelling is
/// an error that offers the nearest name. With several names the handler takes any one of them. A
/// string is taken as it stands, for events that are newer than smalld; it is upper case, as in
/// the JSON.
///
/// ```
/// #[smalld::on(message_create, message_update)]
/// fn either() {}
///
/// #[smalld::on("AN_EVENT_NEWER_THAN_SMALLD")]
/// fn newer(d: smalld::Json) {
///     println!("{d}");
/// }
/// ```
///
/// # Filters
///
/// A filter is a [JSON pointer] into the event's `d` and the value that must be there: a string, an
/// integer, `true`, `false`, or `null`, which matches what is absent, too. Of several filters all
/// must hold. An event that they turn away is not even parsed.
///
/// ```
/// use smalld::{Json, SmallD, json, path};
///
/// #[smalld::on(interaction_create, "/type" = 2, "/data/name" = "greet")]
/// async fn greet(bot: SmallD, interaction: Json) -> smalld::Result<()> {
///     let callback = path!(
///         "/interactions/{}/{}/callback",
///         interaction["id"],
///         interaction["token"],
///     );
///     bot.post(callback, json!({ "type": 4, "data": { "content": "hello" } })).await?;
///     Ok(())
/// }
/// ```
///
/// Ids are strings in Discord's JSON: `"/guild_id" = "81384788765712384"`. In a pointer `~0` stands
/// for `~` and `~1` for `/`; array elements go by their number, as in `"/options/0/value"`.
///
/// # Order
///
/// Handlers run concurrently. One that is marked `ordered` sees the events of one guild (without a
/// guild: of one channel, else of one user) one at a time, in the order in which they came.
///
/// ```
/// #[smalld::on(voice_state_update, ordered)]
/// async fn follow(state: smalld::Json) {
///     println!("{}", state["channel_id"]);
/// }
/// ```
///
/// # The function
///
/// It is a free function, `async` or not; one that is not runs where it may block. It takes any
/// number of parameters in any order, each of a type that implements `FromEvent`: `SmallD`, `Json`,
/// `Payload`, `Shard`, `State<T>`, and every type that implements `Deserialize`, which may borrow
/// from the event. It returns nothing or a `Result<(), E>`, where `E` is any error that converts
/// into a boxed one.
///
/// ```
/// use std::borrow::Cow;
///
/// #[derive(serde::Deserialize)]
/// struct Msg<'a> {
///     id: &'a str,
///     #[serde(borrow)]
///     content: Cow<'a, str>,
/// }
///
/// #[smalld::on(message_create)]
/// fn log(Msg { id, content }: Msg<'_>) {
///     println!("{id}: {content}");
/// }
/// ```
///
/// A field that an event may lack is an `Option`, as serde has it. Borrow text as
/// `Cow<'a, str>`: JSON cannot lend a `&str` that holds a newline or a quote.
///
/// # State, and parameters of your own
///
/// A value given to `state` comes as a `State<T>`; without it the bot does not start, and says
/// which handler lacks it. Whatever else can be had from an event is a parameter by implementing
/// `FromEvent`; where it fails, the handler is not called, and the reason is reported:
///
/// ```
/// use smalld::{BoxError, FromEvent, Json, Payload, SmallD, State};
///
/// struct Greeting(String);
///
/// struct Member {
///     name: String,
/// }
///
/// impl<'e> FromEvent<'e> for Member {
///     fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
///         let member: Json = payload.json()?;
///         let name = member["user"]["username"].as_str().ok_or("a member without a name")?;
///         Ok(Member { name: name.to_owned() })
///     }
/// }
///
/// #[smalld::on(guild_member_add)]
/// async fn welcome(member: Member, State(greeting): State<Greeting>) {
///     println!("{}, {}", greeting.0, member.name);
/// }
///
/// fn main() -> smalld::Result<()> {
/// # return Ok(());
///     smalld::run!(state = Greeting("welcome".to_owned()))
/// }
/// ```
///
/// # When it fails
///
/// An error that it returns, a panic, and an event that does not fit its parameters are each
/// reported in the log, with its path, file and line, or given to the handlers of
/// [`on_error`](macro@on_error). Then life goes on. What is to happen before the first event stands
/// in a handler of [`on_start`](macro@on_start).
///
/// # Testing
///
/// The function is an ordinary one, so a test calls it. To see it at work, run the bot against the
/// sandbox (the crate `smalld-sandbox`), from the terminal or in a test.
///
/// ```
/// use smalld::{Json, json};
///
/// #[smalld::on(message_create)]
/// fn is_greeting(msg: Json) -> Result<(), String> {
///     if msg["content"] == "hello" { Ok(()) } else { Err("how rude".to_owned()) }
/// }
///
/// # fn test() {
/// assert!(is_greeting(json!({ "content": "hello" })).is_ok());
/// # }
/// # test();
/// ```
///
/// # Intents
///
/// Discord sends what the bot's intents ask for. By default these are all that the application has
/// been granted; a handler that must do without is named in the log when the bot starts. What each
/// event needs is said in [`smalld::events`](https://docs.rs/smalld/latest/smalld/events/index.html),
/// to which an editor leads from the event's name.
///
/// # Where handlers are found
///
/// Every handler in the program is found by itself, wherever it stands, except that the linker
/// leaves out a crate that nothing mentions: `use my_handlers as _;` keeps it in. With several bots
/// in one program, `Handlers::registered().within(module_path!())` gives each its own.
///
/// A method cannot be a handler, because it has no path of its own: move it out of its `impl`.
///
/// # What it costs
///
/// As `scripts/handlers-cost` in the repository measures it (release build on 2 cores; each handler
/// answers a message by a request): 1, 100 and 1,000 handlers take 1.2, 5.8 and 48 seconds of
/// processor time to build; each adds about 4 KiB to the binary; and a bot with any of these
/// numbers is built within 5 ms.
///
/// # Several attributes
///
/// The attribute may stand several times and among others. A `#[cfg(..)]` on the function holds for
/// the handler as well.
///
/// Where smalld goes by another name, `crate = ..` says which, as in
/// `#[my_smalld::on(ready, crate = ::my_smalld)]`.
///
/// [Discord documents]: https://discord.com/developers/docs/events/gateway-events#receive-events
/// [JSON pointer]: https://datatracker.ietf.org/doc/html/rfc6901
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
/// what fails is reported, and the bot goes on.
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
#[proc_macro_attribute]
pub fn on_start(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_start(arguments.into()), &item.into()).into()
}

/// Makes a function a handler of what other handlers fail with, in place of the log.
///
/// An error that a handler returns, a panic, and an event that does not fit its parameters come as
/// a [`HandlerError`](https://docs.rs/smalld/latest/smalld/struct.HandlerError.html), each one of
/// them. Other parameters are those of any handler, taken from the event at which it failed. What
/// fails in here is logged.
///
/// ```
/// use smalld::{HandlerError, Json, SmallD, json, path};
///
/// #[smalld::on_error]
/// async fn apologise(bot: SmallD, error: HandlerError, d: Json) -> smalld::Result<()> {
///     eprintln!("{error}");
///     if error.payload().t() == Some("MESSAGE_CREATE") {
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
