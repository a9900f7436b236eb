//! Table of the handlers that want an event. Built once, at startup; pure.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::filter::Matcher;
use crate::dispatch::handler::Handler;
use crate::dispatch::handlers::Handlers;
use crate::dispatch::trigger::{EventTrigger, Trigger};
use crate::event::envelope::Envelope;

/// Handlers of events, found by event name.
#[derive(Default)]
pub(crate) struct DispatchTable {
    by_name: HashMap<Box<str>, Vec<Arc<Entry>>>,
    /// Those that name no event.
    unnamed: Vec<Arc<Entry>>,
}

struct Entry {
    handler: Arc<Handler>,
    conditions: Vec<Matcher>,
}

impl DispatchTable {
    pub(crate) fn new(handlers: &Handlers) -> Self {
        let mut table = Self::default();
        for handler in handlers.iter() {
            let Trigger::Event(EventTrigger { filter, .. }) = &handler.trigger else {
                continue;
            };
            // Pointers were checked when they were declared, so each can be split.
            let conditions = filter.fields.iter().flat_map(Matcher::new).collect();
            let entry = Arc::new(Entry {
                handler: Arc::clone(handler),
                conditions,
            });
            for t in &*filter.t {
                let same_name = table.by_name.entry((&**t).into()).or_default();
                same_name.push(Arc::clone(&entry));
            }
            if filter.t.is_empty() {
                table.unnamed.push(entry);
            }
        }
        table
    }

    /// The names of the events that handlers want; `None` if one of them takes events of any name.
    pub(crate) fn wanted(&self) -> Option<Vec<String>> {
        if !self.unnamed.is_empty() {
            return None;
        }
        let mut names: Vec<String> = self.by_name.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        Some(names)
    }

    /// The handlers whose filters match this payload. Allocates nothing, and scans `d` only for a
    /// handler of this event that has a condition on it.
    pub(crate) fn wanting<'t>(
        &'t self,
        envelope: &'t Envelope<'t>,
    ) -> impl Iterator<Item = &'t Arc<Handler>> {
        let named = envelope
            .t()
            .and_then(|t| self.by_name.get(t))
            .map_or(&[][..], Vec::as_slice);
        named
            .iter()
            .chain(&self.unnamed)
            .filter(|entry| entry.wants(envelope))
            .map(|entry| &entry.handler)
    }
}

impl Entry {
    fn wants(&self, envelope: &Envelope<'_>) -> bool {
        let Trigger::Event(EventTrigger { filter, .. }) = &self.handler.trigger else {
            return false;
        };
        if filter.op.is_some_and(|op| op != envelope.op) {
            return false;
        }
        if self.conditions.is_empty() {
            return true;
        }
        let json = if filter.whole {
            envelope.whole()
        } else {
            Cow::Borrowed(envelope.unchecked_d())
        };
        self.conditions
            .iter()
            .all(|condition| condition.matches(&json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(handlers: &Handlers, text: &str) -> usize {
        let envelope = Envelope::parse(text).unwrap();
        DispatchTable::new(handlers).wanting(&envelope).count()
    }

    #[test]
    fn an_event_goes_to_handlers_that_name_it_and_to_handlers_of_every_payload() {
        let handlers = || {
            Handlers::new()
                .on("A", |_, _| async {})
                .on("B", |_, _| async {})
                .on_gateway_payload(|_, _| async {})
        };
        assert_eq!(wanted(&handlers(), r#"{"op":0,"t":"A","s":1,"d":{}}"#), 2);
        assert_eq!(wanted(&handlers(), r#"{"op":0,"t":"C","s":1,"d":{}}"#), 1);
        assert_eq!(wanted(&handlers(), r#"{"op":11}"#), 1);
    }

    #[test]
    fn a_name_under_another_opcode_is_not_an_event() {
        let handlers = Handlers::new().on("A", |_, _| async {});
        assert_eq!(wanted(&handlers, r#"{"op":7,"t":"A"}"#), 0);
    }
}
