//! A handler as dispatch knows it, from an attribute or a closure, and the lists of them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::bot::SmallD;
use crate::dispatch::extract::FromEvent;
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::outcome::{self, Outcome};
use crate::dispatch::registration::{Call, Check, Field, Kind, Registration, Run};
use crate::event::Payload;
use crate::event::catalog::intents_of;
use crate::event::intents::Intents;

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
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every function of this program that carries one of smalld's attributes, in every crate that
    /// is linked. A crate of handlers that nothing mentions is not linked: `use my_handlers as _;`
    /// does it.
    #[must_use]
    pub fn registered() -> Self {
        let mut handlers: Vec<_> = inventory::iter::<Registration>
            .into_iter()
            .map(|registration| Arc::new(Handler::from(registration)))
            .collect();
        // The registry promises no order; a log that changes from build to build helps nobody.
        handlers.sort_by(|a, b| (&a.file, a.line, &a.name).cmp(&(&b.file, b.line, &b.name)));
        Self(handlers)
    }

    /// Only those at or below a module: `Handlers::registered().within(module_path!())`.
    #[must_use]
    pub fn within(mut self, module: &str) -> Self {
        self.0.retain(|handler| is_within(handler.module, module));
        self
    }

    /// Adds a closure for an event, by its name as Discord writes it. It gets the bot and the
    /// payload and returns a future of what a handler may return.
    #[must_use]
    #[track_caller]
    pub fn on<F, Fut>(self, event: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.closure(Kind::Event, Some(0), vec![event.into()], false, handler)
    }

    /// Adds a closure for every payload, whatever its opcode.
    #[must_use]
    #[track_caller]
    pub fn on_gateway_payload<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.closure(Kind::Event, None, Vec::new(), true, handler)
    }

    /// Adds a closure that runs once, before the bot connects, as [`on_start`](crate::on_start)
    /// has it.
    #[must_use]
    #[track_caller]
    pub fn on_start<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        self.closure(Kind::Start, None, Vec::new(), false, move |bot, _| {
            handler(bot)
        })
    }

    /// Adds a closure that gets what other handlers fail with, as [`on_error`](crate::on_error)
    /// has it.
    #[must_use]
    #[track_caller]
    pub fn on_error<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(SmallD, HandlerError) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.closure(
            Kind::Error,
            None,
            Vec::new(),
            false,
            move |bot: SmallD, payload| {
                let handler = Arc::clone(&handler);
                async move {
                    let error = HandlerError::from_event(&bot, &payload)?;
                    handler(bot, error).await.into_result()
                }
            },
        )
    }

    /// As an attribute with filters leaves it.
    #[cfg(test)]
    pub(crate) fn filtered<F, Fut>(
        self,
        event: &'static str,
        fields: &'static [Field],
        handler: F,
    ) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let mut handlers = self.on(event, handler);
        let newest = handlers.0.last_mut().and_then(Arc::get_mut).unwrap();
        newest.fields = fields;
        handlers
    }

    #[track_caller]
    fn closure<F, Fut>(
        mut self,
        kind: Kind,
        op: Option<u64>,
        t: Vec<Cow<'static, str>>,
        whole: bool,
        handler: F,
    ) -> Self
    where
        F: Fn(SmallD, Payload) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + Send + 'static,
    {
        let place = Location::caller();
        let handler = Arc::new(handler);
        let action = Action::Closure(Arc::new(move |bot, payload| {
            let handler = Arc::clone(&handler);
            Box::pin(async move { outcome::outcome(handler(bot, payload).await) })
        }));
        self.0.push(Arc::new(Handler {
            name: "closure",
            module: "",
            file: place.file(),
            line: place.line(),
            kind,
            op,
            t,
            fields: &[],
            whole,
            ordered: false,
            checks: &[],
            action,
            slow: AtomicUsize::new(0),
        }));
        self
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.0.iter()
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<Handler>> {
        self.iter().filter(move |handler| handler.kind == kind)
    }
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

/// One handler: what it wants and how to run it.
pub(crate) struct Handler {
    pub(crate) name: &'static str,
    module: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) kind: Kind,
    pub(crate) op: Option<u64>,
    pub(crate) t: Vec<Cow<'static, str>>,
    pub(crate) fields: &'static [Field],
    pub(crate) whole: bool,
    pub(crate) ordered: bool,
    checks: &'static [Check],
    action: Action,
    /// How many of its runs have become slow and not ended.
    pub(crate) slow: AtomicUsize,
}

enum Action {
    Function(Call),
    Closure(Arc<dyn Fn(SmallD, Payload) -> Run + Send + Sync>),
}

impl Handler {
    /// A run of it, not yet polled.
    pub(crate) fn run(&self, bot: SmallD, payload: Payload) -> Run {
        match &self.action {
            Action::Function(Call::Async(call)) => call(bot, payload),
            Action::Function(Call::Blocking(call)) => Box::pin(blocking(*call, bot, payload)),
            Action::Closure(call) => call(bot, payload),
        }
    }

    /// What each of its parameters lacks.
    pub(crate) fn check(&self, bot: &SmallD) -> Vec<String> {
        let failures = self.checks.iter().filter_map(|check| check(bot).err());
        failures
            .map(|failure| format!("handler {self}: {failure}"))
            .collect()
    }

    /// Its events that smalld knows, each with the intents of which any one brings it.
    pub(crate) fn needs(&self) -> impl Iterator<Item = (&str, Intents)> {
        self.t.iter().filter_map(|t| Some((&**t, intents_of(t)?)))
    }

    /// All intents that bring it something.
    pub(crate) fn intents(&self) -> Intents {
        if self.kind != Kind::Event {
            return Intents::empty();
        }
        if self.t.is_empty() && self.op.is_none_or(|op| op == 0) {
            return Intents::all();
        }
        let needs = self.needs().map(|(event, intents)| match event {
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => intents | Intents::MESSAGE_CONTENT,
            _ => intents,
        });
        needs.collect()
    }

    /// What it listens to, for the log.
    pub(crate) fn wants(&self) -> String {
        let mut wants = match (self.op, self.t.as_slice()) {
            _ if self.kind == Kind::Start => "the start".to_owned(),
            _ if self.kind == Kind::Error => "errors of handlers".to_owned(),
            (_, [_, ..]) => self.t.join(", "),
            (Some(op), []) => format!("op {op}"),
            (None, []) => "every payload".to_owned(),
        };
        for field in self.fields {
            let _ = write!(wants, " {:?} = {}", field.pointer, field.is);
        }
        wants
    }
}

type BlockingCall = fn(SmallD, Payload) -> Result<(), outcome::Failure>;

/// A plain function may block, so it gets a thread where that hurts nobody.
async fn blocking(
    call: BlockingCall,
    bot: SmallD,
    payload: Payload,
) -> Result<(), outcome::Failure> {
    match tokio::task::spawn_blocking(move || call(bot, payload)).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down and never started it.
            Err(_) => Ok(()),
        },
    }
}

impl From<&'static Registration> for Handler {
    fn from(registration: &'static Registration) -> Self {
        let filter = &registration.filter;
        Self {
            name: registration.name,
            module: registration.module,
            file: registration.file,
            line: registration.line,
            kind: registration.kind,
            op: filter.op,
            t: filter.t.iter().map(|&t| t.into()).collect(),
            fields: filter.fields,
            whole: filter.whole,
            ordered: registration.ordered,
            checks: registration.checks,
            action: Action::Function(registration.call),
            slow: AtomicUsize::new(0),
        }
    }
}

/// Its path and place: `` `my_bot::greet` (src/main.rs:12) ``.
impl fmt::Display for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.name, self.file, self.line)
    }
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
