//! Extraction of a handler's parameters from an event, a failure or the bot.

use std::any::type_name;

use serde::Deserialize;

use crate::bot::SmallD;
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::outcome::Failure;
use crate::error::BoxError;
use crate::event::Payload;

/// A type that can be a handler's parameter.
///
/// These are parameters: [`SmallD`], [`Payload`], [`Shard`](crate::Shard), [`State<T>`](crate::State), those
/// of [interactions](crate::interaction), every `T: FromBot`, and
/// every `T: Deserialize`, which is read from the event's `d` (from the whole payload under
/// `on_gateway_payload`) and may borrow from it. Implement this trait for a type of your own that is
/// taken from an event. A type that needs no event implements [`FromBot`] alone. Neither may also
/// implement `Deserialize`, since the compiler could not decide between the two.
///
/// ```
/// use smalld::handler::FromEvent;
/// use smalld::{BoxError, Json, Payload, SmallD};
///
/// /// The author of a message in a guild.
/// struct Member {
///     name: String,
/// }
///
/// impl<'e> FromEvent<'e> for Member {
///     fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
///         let message: Json = payload.json()?;
///         if message["member"].is_null() {
///             return Err("a direct message has no member".into());
///         }
///         let name = message["author"]["username"].as_str().ok_or("no author")?;
///         Ok(Member { name: name.to_owned() })
///     }
/// }
///
/// #[smalld::on(message_create)]
/// fn greet(member: Member) {
///     println!("hello {}", member.name);
/// }
/// ```
///
/// `Via` only keeps the implementations apart for the compiler; leave it at its default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's parameter",
    label = "cannot be taken from an event",
    note = "a parameter is `SmallD`, `Json`, `Payload`, `Shard`, `State<T>`, a type of `smalld::interaction`, any type that implements `serde::Deserialize`, or one of yours that implements `FromEvent` or `FromBot`",
    note = "`HandlerError` is for handlers of `#[smalld::on_error]`"
)]
pub trait FromEvent<'e, Via = ViaEvent>: Sized {
    /// Takes the value from the event.
    ///
    /// # Errors
    ///
    /// The event has no such value. The error is reported with the handler's name and place, and the
    /// handler is not called.
    fn from_event(bot: &SmallD, payload: &'e Payload) -> Result<Self, BoxError>;

    /// Called once at startup for every handler that takes this type.
    ///
    /// # Errors
    ///
    /// No event can ever have such a value. The bot does not start.
    fn check(bot: &SmallD) -> Result<(), String> {
        let _ = bot;
        Ok(())
    }
}

/// Marks implementations of [`FromEvent`] by hand.
#[derive(Debug)]
pub struct ViaEvent(());

/// Marks types that implement `Deserialize`.
#[derive(Debug)]
pub struct ViaJson(());

/// Marks types that implement [`FromBot`].
#[derive(Debug)]
pub struct ViaBot(());

#[diagnostic::do_not_recommend]
impl<'e, T: Deserialize<'e>> FromEvent<'e, ViaJson> for T {
    fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
        Ok(payload.json()?)
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromBot> FromEvent<'_, ViaBot> for T {
    fn from_event(bot: &SmallD, _: &Payload) -> Result<Self, BoxError> {
        T::from_bot(bot)
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        <T as FromBot>::check(bot)
    }
}

impl FromEvent<'_> for Payload {
    fn from_event(_: &SmallD, payload: &Payload) -> Result<Self, BoxError> {
        Ok(payload.clone())
    }
}

/// A type that can be a parameter of every handler, since it needs no event: [`SmallD`],
/// [`State<T>`](crate::State), and types of your own. Handlers of [`on_start`](crate::on_start) take only these.
///
/// ```
/// use smalld::handler::FromBot;
/// use smalld::{BoxError, SmallD};
///
/// /// The bot's own id.
/// struct Me(String);
///
/// impl FromBot for Me {
///     fn from_bot(bot: &SmallD) -> Result<Self, BoxError> {
///         Ok(Me(bot.id().ok_or("the bot's id is not known yet")?.to_owned()))
///     }
/// }
///
/// #[smalld::on_start]
/// fn starts(Me(id): Me) {
///     println!("{id} starts");
/// }
///
/// #[smalld::on(guild_create)]
/// fn joins(Me(id): Me, guild: smalld::Json) {
///     println!("{id} is in {}", guild["name"]);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of `on_start`",
    label = "there is no event to take it from",
    note = "a handler of `on_start` takes `SmallD`, `State<T>`, or a type of yours that implements `FromBot`"
)]
pub trait FromBot: Sized {
    /// Takes the value from the bot.
    ///
    /// # Errors
    ///
    /// The bot has no such value. The error is reported with the handler's name and place, and the
    /// handler is not called.
    fn from_bot(bot: &SmallD) -> Result<Self, BoxError>;

    /// Called once at startup, before anything is sent.
    ///
    /// # Errors
    ///
    /// The bot can never have such a value. It does not start.
    fn check(bot: &SmallD) -> Result<(), String> {
        let _ = bot;
        Ok(())
    }
}

impl FromBot for SmallD {
    fn from_bot(bot: &SmallD) -> Result<Self, BoxError> {
        Ok(bot.clone())
    }
}

/// A parameter of a handler of [`on_error`](crate::on_error): the [`HandlerError`], or anything
/// that can be taken from its event or from the bot. Without an event, JSON is `null`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's parameter",
    label = "cannot be taken from a failure",
    note = "a handler of `on_error` takes `HandlerError`, and all that a handler of the event can take"
)]
pub trait FromFailure<'e, Via>: Sized {
    /// Takes the value from the failure.
    fn from_failure(bot: &SmallD, error: &'e HandlerError) -> Result<Self, BoxError>;

    /// As [`FromEvent::check`].
    fn check(bot: &SmallD) -> Result<(), String>;
}

/// Marks the [`HandlerError`] itself.
#[derive(Debug)]
pub struct ViaFailure(());

#[diagnostic::do_not_recommend]
impl FromFailure<'_, ViaFailure> for HandlerError {
    fn from_failure(_: &SmallD, error: &HandlerError) -> Result<Self, BoxError> {
        Ok(error.clone())
    }

    fn check(_: &SmallD) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<'e, T: FromEvent<'e>> FromFailure<'e, ViaEvent> for T {
    fn from_failure(bot: &SmallD, error: &'e HandlerError) -> Result<Self, BoxError> {
        match error.payload() {
            Some(payload) => T::from_event(bot, payload),
            None => Err(without_event(error)),
        }
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        T::check(bot)
    }
}

#[diagnostic::do_not_recommend]
impl<'e, T: Deserialize<'e>> FromFailure<'e, ViaJson> for T {
    fn from_failure(_: &SmallD, error: &'e HandlerError) -> Result<Self, BoxError> {
        match error.payload() {
            Some(payload) => Ok(payload.json()?),
            None => serde_json::from_str("null").map_err(|_| without_event(error)),
        }
    }

    fn check(_: &SmallD) -> Result<(), String> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromBot> FromFailure<'_, ViaBot> for T {
    fn from_failure(bot: &SmallD, _: &HandlerError) -> Result<Self, BoxError> {
        T::from_bot(bot)
    }

    fn check(bot: &SmallD) -> Result<(), String> {
        <T as FromBot>::check(bot)
    }
}

/// Includes the original failure, which no `on_error` handler has seen.
fn without_event(error: &HandlerError) -> BoxError {
    format!("there is no event ({error})").into()
}

/// Called by generated code for each parameter, so that an error points at its type.
#[doc(hidden)]
pub fn extract<'e, T: FromEvent<'e, Via>, Via>(
    bot: &SmallD,
    payload: &'e Payload,
) -> Result<T, Failure> {
    T::from_event(bot, payload).map_err(unfit::<T>)
}

/// [`extract`] for a handler of `on_start`.
#[doc(hidden)]
pub fn extract_from_bot<T: FromBot>(bot: &SmallD) -> Result<T, Failure> {
    T::from_bot(bot).map_err(unfit::<T>)
}

/// [`extract`] for a handler of `on_error`.
#[doc(hidden)]
pub fn extract_from_failure<'e, T: FromFailure<'e, Via>, Via>(
    bot: &SmallD,
    error: &'e HandlerError,
) -> Result<T, Failure> {
    T::from_failure(bot, error).map_err(unfit::<T>)
}

fn unfit<T>(error: BoxError) -> Failure {
    Failure::Parameter {
        ty: type_name::<T>(),
        error,
    }
}

/// Called by generated code for each parameter of a handler of events.
#[doc(hidden)]
pub fn check<'e, T: FromEvent<'e, Via>, Via>(bot: &SmallD) -> Result<(), String> {
    T::check(bot)
}

/// [`check`] for a handler of `on_start`.
#[doc(hidden)]
pub fn check_from_bot<T: FromBot>(bot: &SmallD) -> Result<(), String> {
    T::check(bot)
}

/// [`check`] for a handler of `on_error`.
#[doc(hidden)]
pub fn check_from_failure<'e, T: FromFailure<'e, Via>, Via>(bot: &SmallD) -> Result<(), String> {
    T::check(bot)
}
