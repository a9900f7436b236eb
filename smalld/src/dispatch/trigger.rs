//! Triggers of handlers: what a handler is called for, and how.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::bot::SmallD;
use crate::dispatch::condition::Alternative;
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::outcome::Failure;
use crate::event::Payload;

/// One run of a handler.
pub(crate) type Run = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What a handler is called for. Each variant holds a call that takes what exists at that time.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// Payloads that match a filter.
    Event(EventTrigger),
    /// Once per process, before the first event.
    Start(Call<()>),
    /// The failure of another handler.
    Error(Call<HandlerError>),
}

/// Which payloads a handler is called for, and how.
#[derive(Clone, Debug)]
pub struct EventTrigger {
    /// Which payloads.
    pub filter: Filter,
    /// Whether the events of one guild come one at a time.
    pub ordered: bool,
    /// The function.
    pub call: Call<Payload>,
}

/// How to call a handler with an `Input`.
pub enum Call<Input> {
    /// An annotated `async fn`.
    Async(fn(SmallD, Input) -> Run),
    /// An annotated `fn`. It may block, so it runs on a thread for that.
    Blocking(fn(SmallD, Input) -> Result<(), Failure>),
    /// A closure, added at run time.
    Closure(Arc<dyn Fn(SmallD, Input) -> Run + Send + Sync>),
}

/// A call that has not begun.
pub(crate) enum Work {
    Async(Run),
    Blocking(BlockingCall),
}

pub(crate) type BlockingCall = Box<dyn FnOnce() -> Result<(), Failure> + Send>;

impl<Input: Send + 'static> Call<Input> {
    pub(crate) fn work(&self, bot: SmallD, input: Input) -> Work {
        match self {
            Self::Async(call) => Work::Async(call(bot, input)),
            Self::Blocking(call) => {
                let call = *call;
                Work::Blocking(Box::new(move || call(bot, input)))
            }
            Self::Closure(call) => Work::Async(call(bot, input)),
        }
    }
}

/// Which payloads a handler is called for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The opcode, or `None` for every opcode.
    pub op: Option<u64>,
    /// Names of events, any of which matches. Empty for every event.
    pub t: Cow<'static, [Cow<'static, str>]>,
    /// Values that must all be there.
    pub fields: Cow<'static, [Field]>,
    /// Whether pointers and parameters see the whole payload instead of `d`.
    pub whole: bool,
}

/// A condition on the value at one place in the JSON.
#[derive(Clone, Debug)]
pub struct Field {
    /// The pointer as written (RFC 6901).
    pub pointer: Cow<'static, str>,
    /// Whether the value must be none of these, rather than one of them.
    pub negated: bool,
    /// The values.
    pub any: Cow<'static, [Alternative]>,
}

/// As written in an attribute.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = if self.negated { "!=" } else { "=" };
        write!(f, "{:?} {operator}", self.pointer)?;
        for (nth, alternative) in self.any.iter().enumerate() {
            let separator = if nth == 0 { " " } else { " | " };
            write!(f, "{separator}{alternative}")?;
        }
        Ok(())
    }
}

impl<Input> Clone for Call<Input> {
    fn clone(&self) -> Self {
        match self {
            Self::Async(call) => Self::Async(*call),
            Self::Blocking(call) => Self::Blocking(*call),
            Self::Closure(call) => Self::Closure(Arc::clone(call)),
        }
    }
}

impl<Input> fmt::Debug for Call<Input> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async(_) => "Async",
            Self::Blocking(_) => "Blocking",
            Self::Closure(_) => "Closure",
        })
    }
}
