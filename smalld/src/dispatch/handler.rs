//! One handler as dispatch knows it: an annotated function or a closure.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::bot::SmallD;
use crate::dispatch::handler_error::HandlerError;
use crate::dispatch::label::Label;
use crate::dispatch::outcome::Failure;
use crate::dispatch::registration::{Check, Registration};
use crate::dispatch::trigger::{Call, EventTrigger, Trigger};
use crate::event::Payload;
use crate::event::catalog::intents_of;
use crate::event::intents::Intents;

/// A handler: its name and place, and what it is called for.
pub(crate) struct Handler {
    pub(crate) label: Label,
    /// The module of an annotated function.
    pub(crate) module: Option<&'static str>,
    pub(crate) trigger: Trigger,
    pub(crate) checks: &'static [Check],
    /// Errors in its declaration.
    pub(crate) mistakes: Vec<String>,
    /// Its number in this process, from 1.
    pub(crate) id: u32,
    /// How many of its runs are tasks that have not ended.
    pub(crate) running: AtomicUsize,
    /// How many of these have become slow.
    pub(crate) slow: AtomicUsize,
}

/// A number for a new handler.
pub(crate) fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Handler {
    /// Why it can never run: missing state, or an error in its declaration.
    pub(crate) fn check(&self, bot: &SmallD) -> Vec<String> {
        let unfit = self.checks.iter().filter_map(|check| check(bot).err());
        self.mistakes
            .iter()
            .cloned()
            .chain(unfit)
            .map(|reason| format!("handler {self}: {reason}"))
            .collect()
    }

    /// The error of a run of this handler.
    pub(crate) fn failed(&self, payload: Option<Payload>, failure: Failure) -> HandlerError {
        HandlerError::new(self.label.clone(), payload, failure)
    }

    /// Whether it is a plain function, which may block its thread.
    pub(crate) fn is_blocking(&self) -> bool {
        match &self.trigger {
            Trigger::Event(event) => matches!(event.call, Call::Blocking(_)),
            Trigger::Start(call) => matches!(call, Call::Blocking(_)),
            Trigger::Error(call) => matches!(call, Call::Blocking(_)),
        }
    }

    fn event(&self) -> Option<&EventTrigger> {
        match &self.trigger {
            Trigger::Event(event) => Some(event),
            Trigger::Start(_) | Trigger::Error(_) => None,
        }
    }

    /// Known events that it names, each with the intents of which any one brings it.
    pub(crate) fn needs(&self) -> impl Iterator<Item = (&str, Intents)> {
        let names = self.event().map_or(&[][..], |event| &event.filter.t);
        names
            .iter()
            .filter_map(|name| Some((&**name, intents_of(name)?)))
    }

    /// All intents that bring its events.
    pub(crate) fn intents(&self) -> Intents {
        let Some(EventTrigger { filter, .. }) = self.event() else {
            return Intents::empty();
        };
        if filter.t.is_empty() && filter.op.is_none_or(|op| op == 0) {
            return Intents::all();
        }
        let needs = self.needs().map(|(event, intents)| match event {
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" => intents | Intents::MESSAGE_CONTENT,
            _ => intents,
        });
        needs.collect()
    }

    /// What it is called for, as the log lists it at startup.
    pub(crate) fn wants(&self) -> String {
        let filter = match &self.trigger {
            Trigger::Event(event) => &event.filter,
            Trigger::Start(_) => return "the start".to_owned(),
            Trigger::Error(_) => return "errors of handlers".to_owned(),
        };
        let mut wants = match (filter.op, &*filter.t) {
            (_, [_, ..]) => filter.t.join(", "),
            (Some(op), []) => format!("op {op}"),
            (None, []) => "every payload".to_owned(),
        };
        for field in &*filter.fields {
            let _ = write!(wants, " {field}");
        }
        wants
    }
}

impl From<&'static Registration> for Handler {
    fn from(registration: &'static Registration) -> Self {
        Self {
            label: Label {
                name: registration.name.into(),
                file: registration.file,
                line: registration.line,
            },
            module: Some(registration.module),
            trigger: registration.trigger.clone(),
            checks: registration.checks,
            mistakes: Vec::new(),
            id: next_id(),
            running: AtomicUsize::new(0),
            slow: AtomicUsize::new(0),
        }
    }
}

impl fmt::Display for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.label.fmt(f)
    }
}

/// Counts a run in one of its handler's counters until it is dropped.
pub(super) struct Counted {
    handler: Arc<Handler>,
    counter: fn(&Handler) -> &AtomicUsize,
}

impl Counted {
    pub(super) fn new(handler: &Arc<Handler>, counter: fn(&Handler) -> &AtomicUsize) -> Self {
        counter(handler).fetch_add(1, Ordering::Relaxed);
        Self {
            handler: Arc::clone(handler),
            counter,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.counter)(&self.handler).fetch_sub(1, Ordering::Relaxed);
    }
}
