//! The handlers of a bot, from attributes and from closures.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::bot::SmallD;
use crate::dispatch::handler::{Handler, next_id};
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::label::Label;
use crate::dispatch::on::On;
use crate::dispatch::outcome::{self, Outcome};
use crate::dispatch::registration::Registration;
use crate::dispatch::trigger::{Call, EventTrigger, Trigger};
use crate::event::Payload;

/// The handlers of a bot: functions that the attributes registered, and closures added at run time.
///
/// ```
/// use smalld::handler::{Handlers, On};
/// use smalld::SmallD;
///
/// let handlers = Handlers::new()
///     .on("MESSAGE_CREATE", |bot: SmallD, payload| async move {
///         println!("{}", payload.d());
///         bot.get("/users/@me").await.map(drop)
///     })
///     .on(
///         On::event("INTERACTION_CREATE").with("/data/name", "greet").named("greet"),
///         |_, payload| async move { println!("{}", payload.d()) },
///     );
///
/// let all = Handlers::registered().merge(handlers);
/// let bot = SmallD::builder().token("a.b.c").handlers(all);
/// # let _ = bot;
/// ```
#[derive(Clone, Default)]
pub struct Handlers(Vec<Arc<Handler>>);

impl Handlers {
    /// No handlers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every function of this program that has one of smalld's attributes, in every crate that is
    /// linked. A crate that the program does not mention is not linked: write `use my_handlers as
    /// _;`.
    #[must_use]
    pub fn registered() -> Self {
        Self::of(inventory::iter::<Registration>)
    }

    pub(crate) fn of(registrations: impl IntoIterator<Item = &'static Registration>) -> Self {
        let mut handlers: Vec<_> = registrations
            .into_iter()
            .map(|registration| Arc::new(Handler::from(registration)))
            .collect();
        // The registry promises no order, and the log should list handlers as the source does.
        handlers.sort_by(|a, b| {
            let place = |handler: &Handler| (handler.label.file, handler.label.line);
            let same_place = || a.label.name.cmp(&b.label.name);
            place(a).cmp(&place(b)).then_with(same_place)
        });
        Self(handlers)
    }

    /// Keeps the functions at or below a module, and no closures.
    ///
    /// ```
    /// use smalld::handler::Handlers;
    ///
    /// let handlers = Handlers::registered().within(module_path!());
    /// # let _ = handlers;
    /// ```
    #[must_use]
    pub fn within(self, module: &str) -> Self {
        self.within_any([module])
    }

    /// Keeps the functions at or below any of several modules, and no closures.
    ///
    /// ```
    /// use smalld::handler::Handlers;
    ///
    /// let handlers = Handlers::registered().within_any(["my_bot::commands", "my_bot::log"]);
    /// # let _ = handlers;
    /// ```
    #[must_use]
    pub fn within_any(mut self, modules: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let modules: Vec<_> = modules.into_iter().collect();
        self.0.retain(|handler| {
            let mut modules = modules.iter().map(AsRef::as_ref);
            let within = |module| modules.any(|outer| is_within(module, outer));
            handler.module.is_some_and(within)
        });
        self
    }

    /// Adds the handlers of another set. A handler that is in both runs twice.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Adds a closure or an `async fn` for an event, by the name that Discord gives it. With [`On`]
    /// it has filters, an order or a name. It takes the bot and the payload, and returns what a
    /// handler may return.
    #[must_use]
    #[track_caller]
    pub fn on<F, Fut>(self, on: impl Into<On>, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let on = on.into();
        let name = on.name.unwrap_or_else(|| type_name::<F>().into());
        let trigger = Trigger::Event(EventTrigger {
            filter: on.filter,
            ordered: on.ordered,
            call: closure(handler),
        });
        self.push(name, trigger, on.mistakes)
    }

    /// Adds a closure for every payload of every opcode; `on(On::gateway_payload(), ..)` does the
    /// same.
    #[must_use]
    #[track_caller]
    pub fn on_gateway_payload<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.on(On::gateway_payload(), handler)
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
        let trigger = Trigger::Start(closure(move |bot, ()| handler(bot)));
        self.push(type_name::<F>().into(), trigger, Vec::new())
    }

    /// Adds a closure for the failures of other handlers, as with [`on_error`](crate::on_error).
    #[must_use]
    #[track_caller]
    pub fn on_error<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, HandlerError) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let trigger = Trigger::Error(closure(handler));
        self.push(type_name::<F>().into(), trigger, Vec::new())
    }

    #[track_caller]
    fn push(mut self, name: Cow<'static, str>, trigger: Trigger, mistakes: Vec<String>) -> Self {
        let place = Location::caller();
        self.0.push(Arc::new(Handler {
            label: Label {
                name,
                file: place.file(),
                line: place.line(),
            },
            module: None,
            trigger,
            checks: &[],
            mistakes,
            id: next_id(),
            running: AtomicUsize::new(0),
            slow: AtomicUsize::new(0),
        }));
        self
    }

    /// The name and place of the handler with this number.
    pub(crate) fn named(&self, id: u32) -> Option<String> {
        let handler = self.iter().find(|handler| handler.id == id);
        handler.map(ToString::to_string)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.0.iter()
    }

    /// Handlers of `on_start`, each with its call.
    pub(crate) fn of_the_start(&self) -> impl Iterator<Item = (&Arc<Handler>, &Call<()>)> {
        self.iter().filter_map(|handler| match &handler.trigger {
            Trigger::Start(call) => Some((handler, call)),
            _ => None,
        })
    }

    /// Handlers of `on_error`, each with its call.
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

    fn names(handlers: &Handlers) -> Vec<&str> {
        let names = handlers.iter().map(|handler| &*handler.label.name);
        names.collect()
    }

    #[test]
    fn within_takes_whole_path_segments() {
        assert!(is_within("bot::a", "bot::a") && is_within("bot::a::b", "bot::a"));
        assert!(!is_within("bot::ab", "bot::a") && !is_within("bot", "bot::a"));
    }

    #[test]
    fn a_handler_is_named_by_its_user_or_by_its_function() {
        async fn greet(_: SmallD, _: Payload) {}
        let handlers = Handlers::new()
            .on(On::event("A").named("greets"), greet)
            .on("A", greet)
            .on("A", |_, _| async {})
            .on_start(|_| async {});
        let module = module_path!();
        let [given, function, closure, start] = names(&handlers)[..] else {
            panic!("{handlers:?}");
        };
        let test = format!("{module}::a_handler_is_named_by_its_user_or_by_its_function");
        assert_eq!(given, "greets");
        assert_eq!(function, format!("{test}::greet"));
        assert!(
            closure.starts_with(&test) && closure.ends_with("{{closure}}"),
            "{closure}"
        );
        assert!(start.starts_with(&test), "{start}");
    }

    #[test]
    fn sets_are_joined_and_narrowed() {
        let registered = |module| {
            Handlers(vec![Arc::new(Handler {
                module: Some(module),
                label: Label {
                    name: module.into(),
                    file: "",
                    line: 1,
                },
                trigger: Trigger::Start(closure(|_, ()| async {})),
                checks: &[],
                mistakes: Vec::new(),
                id: next_id(),
                running: AtomicUsize::new(0),
                slow: AtomicUsize::new(0),
            })])
        };
        let all = registered("bot::a")
            .merge(registered("bot::b::c"))
            .merge(registered("bot::d"))
            .merge(Handlers::new().on("A", |_, _| async {}));
        assert_eq!(all.iter().count(), 4);
        assert_eq!(names(&all.clone().within("bot::b")), ["bot::b::c"]);
        assert_eq!(
            names(&all.within_any(["bot::a", "bot::b"])),
            ["bot::a", "bot::b::c"]
        );
    }
}
