//! Which handlers want an event. Built once, at startup; pure.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::filter;
use crate::dispatch::handler::Handler;
use crate::dispatch::handlers::Handlers;
use crate::dispatch::trigger::{EventTrigger, Trigger};
use crate::event::envelope::Envelope;

/// Handlers of events, found by event name.
#[derive(Default)]
pub(crate) struct DispatchTable {
    by_name: HashMap<Box<str>, Vec<Arc<Handler>>>,
    /// Those that name no event.
    unnamed: Vec<Arc<Handler>>,
}

impl DispatchTable {
    pub(crate) fn new(handlers: &Handlers) -> Self {
        let mut table = Self::default();
        for handler in handlers.iter() {
            let Trigger::Event(EventTrigger { filter, .. }) = &handler.trigger else {
                continue;
            };
            for t in &*filter.t {
                let same_name = table.by_name.entry((&**t).into()).or_default();
                same_name.push(Arc::clone(handler));
            }
            if filter.t.is_empty() {
                table.unnamed.push(Arc::clone(handler));
            }
        }
        table
    }

    /// The handlers whose filters match this payload. Allocates nothing, and scans `d` only for a
    /// handler of this event that has a condition on it.
    pub(crate) fn wanting<'t>(
        &'t self,
        envelope: &'t Envelope<'t>,
        text: &'t str,
    ) -> impl Iterator<Item = (&'t Arc<Handler>, &'t EventTrigger)> {
        let named = envelope
            .t()
            .and_then(|t| self.by_name.get(t))
            .map_or(&[][..], Vec::as_slice);
        named
            .iter()
            .chain(&self.unnamed)
            .filter_map(move |handler| {
                let Trigger::Event(trigger) = &handler.trigger else {
                    return None;
                };
                let filter = &trigger.filter;
                let json = if filter.whole { text } else { envelope.d() };
                let wanted = filter.op.is_none_or(|op| op == envelope.op)
                    && filter::matches(&filter.fields, json);
                wanted.then_some((handler, trigger))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(handlers: &Handlers, text: &str) -> usize {
        let envelope = Envelope::parse(text).unwrap();
        DispatchTable::new(handlers)
            .wanting(&envelope, text)
            .count()
    }

    #[test]
    fn an_event_goes_to_those_that_name_it_and_to_those_that_take_all() {
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
    fn a_name_on_another_opcode_is_no_dispatch() {
        let handlers = Handlers::new().on("A", |_, _| async {});
        assert_eq!(wanted(&handlers, r#"{"op":7,"t":"A"}"#), 0);
    }
}
