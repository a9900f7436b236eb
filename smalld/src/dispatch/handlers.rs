//! The handlers of a bot, from attributes and from closures.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::bot::SmallD;
use crate::dispatch::handler::Handler;
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::outcome::{self, Outcome};
use crate::dispatch::registration::Registration;
use crate::dispatch::trigger::{Call, EventTrigger, Field, Filter, Trigger};
use crate::event::Payload;

/// The handlers of a bot: those that the attributes registered, or closures added at run time.
///
/// ```
/// use smalld::{Handlers, SmallD};
///
/// let handlers = Handlers::new().on("MESSAGE_CREATE", |bot: SmallD, payload| async move {
///     println!("{}", payload.d());
///     bot.get("/users/@me").await.map(drop)
/// });
/// # let _ = handlers;
/// ```
#[derive(Clone, Default)]
pub struct Handlers(Vec<Arc<Handler>>);

impl Handlers {
    /// No handlers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every function of this program that carries one of smalld's attributes, in every crate that
    /// is linked. A crate of handlers that nothing mentions is not linked: write
    /// `use my_handlers as _;`.
    #[must_use]
    pub fn registered() -> Self {
        let mut handlers: Vec<_> = inventory::iter::<Registration>
            .into_iter()
            .map(|registration| Arc::new(Handler::from(registration)))
            .collect();
        // The registry promises no order, and the log should list handlers as the source does.
        handlers.sort_by(|a, b| (&a.file, a.line, &a.name).cmp(&(&b.file, b.line, &b.name)));
        Self(handlers)
    }

    /// Keeps the handlers at or below a module: `Handlers::registered().within(module_path!())`.
    #[must_use]
    pub fn within(mut self, module: &str) -> Self {
        self.0.retain(|handler| is_within(handler.module, module));
        self
    }

    /// Adds a closure for an event, by the name that Discord gives it. It takes the bot and the
    /// payload and returns a future of what a handler may return.
    #[must_use]
    #[track_caller]
    pub fn on<F, Fut>(self, event: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.filtered(Some(0), vec![event.into()], &[], handler)
    }

    /// Adds a closure for every payload of every opcode.
    #[must_use]
    #[track_caller]
    pub fn on_gateway_payload<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.filtered(None, Vec::new(), &[], handler)
    }

    /// Adds a closure that runs once, before the bot connects, as with
    /// [`on_start`](crate::on_start).
    #[must_use]
    #[track_caller]
    pub fn on_start<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let call = closure(move |bot, ()| handler(bot));
        self.push(Trigger::Start(call))
    }

    /// Adds a closure for the failures of other handlers, as with [`on_error`](crate::on_error).
    #[must_use]
    #[track_caller]
    pub fn on_error<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, HandlerError) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.push(Trigger::Error(closure(handler)))
    }

    #[track_caller]
    pub(crate) fn filtered<F, Fut>(
        self,
        op: Option<u64>,
        t: Vec<Cow<'static, str>>,
        fields: &'static [Field],
        handler: F,
    ) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let whole = op.is_none();
        self.push(Trigger::Event(EventTrigger {
            filter: Filter {
                op,
                t: t.into(),
                fields: fields.into(),
                whole,
            },
            ordered: false,
            call: closure(handler),
        }))
    }

    #[track_caller]
    fn push(mut self, trigger: Trigger) -> Self {
        let place = Location::caller();
        self.0.push(Arc::new(Handler {
            name: "closure",
            module: "",
            file: place.file(),
            line: place.line(),
            trigger,
            checks: &[],
            slow: AtomicUsize::new(0),
        }));
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.0.iter()
    }

    /// Handlers of the start, each with its call.
    pub(crate) fn of_the_start(&self) -> impl Iterator<Item = (&Arc<Handler>, &Call<()>)> {
        self.iter().filter_map(|handler| match &handler.trigger {
            Trigger::Start(call) => Some((handler, call)),
            _ => None,
        })
    }

    /// Handlers of errors, each with its call.
    pub(crate) fn of_errors(&self) -> impl Iterator<Item = (&Arc<Handler>, &Call<HandlerError>)> {
        self.iter().filter_map(|handler| match &handler.trigger {
            Trigger::Error(call) => Some((handler, call)),
            _ => None,
        })
    }
}

fn closure<Input, F, Fut>(handler: F) -> Call<Input>
where
    Input: Send + 'static,
    F: Fn(SmallD, Input) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    let handler = Arc::new(handler);
    Call::Closure(Arc::new(move |bot, input| {
        let handler = Arc::clone(&handler);
        // Called inside the future, where a panic is caught.
        Box::pin(async move { outcome::outcome(handler(bot, input).await) })
    }))
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(ToString::to_string))
            .finish()
    }
}

fn is_within(module: &str, outer: &str) -> bool {
    module
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_takes_whole_path_segments() {
        assert!(is_within("bot::a", "bot::a") && is_within("bot::a::b", "bot::a"));
        assert!(!is_within("bot::ab", "bot::a") && !is_within("bot", "bot::a"));
    }
}
