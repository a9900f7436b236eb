//! Table of the handlers that want an event. Built once, at startup; pure.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::filter::{Filters, ShortSet};
use crate::dispatch::handler::Handler;
use crate::dispatch::handlers::Handlers;
use crate::dispatch::trigger::{EventTrigger, Filter, Trigger};
use crate::event::envelope::Envelope;

/// Handlers of events, found by event name.
pub(crate) struct DispatchTable {
    /// For each event that a handler names, those and the ones that name no event.
    by_name: HashMap<Box<str>, Row>,
    /// Those that name no event.
    unnamed: Row,
}

/// The handlers of one event, and their filters.
struct Row {
    handlers: Vec<Arc<Handler>>,
    filters: Filters,
}

impl Row {
    fn new(handlers: Vec<Arc<Handler>>) -> Self {
        let filters: Vec<_> = handlers.iter().filter_map(|it| filter(it)).collect();
        let filters = Filters::new(filters.into_iter());
        Self { handlers, filters }
    }
}

/// The filter of a handler of events.
fn filter(handler: &Handler) -> Option<&Filter> {
    match &handler.trigger {
        Trigger::Event(EventTrigger { filter, .. }) => Some(filter),
        Trigger::Start(_) | Trigger::Error(_) => None,
    }
}

impl DispatchTable {
    pub(crate) fn new(handlers: &Handlers) -> Self {
        let mut by_name: HashMap<Box<str>, Vec<Arc<Handler>>> = HashMap::new();
        let mut unnamed = Vec::new();
        for handler in handlers.iter() {
            let Some(filter) = filter(handler) else {
                continue;
            };
            for t in &*filter.t {
                let same_name = by_name.entry((&**t).into()).or_default();
                same_name.push(Arc::clone(handler));
            }
            if filter.t.is_empty() {
                unnamed.push(Arc::clone(handler));
            }
        }
        let with_unnamed = |mut named: Vec<_>| {
            named.extend(unnamed.iter().cloned());
            Row::new(named)
        };
        Self {
            by_name: by_name
                .into_iter()
                .map(|(name, named)| (name, with_unnamed(named)))
                .collect(),
            unnamed: Row::new(unnamed),
        }
    }

    /// The names of the events that handlers want; `None` if one of them takes events of any name.
    pub(crate) fn wanted(&self) -> Option<Vec<String>> {
        if !self.unnamed.handlers.is_empty() {
            return None;
        }
        let mut names: Vec<String> = self.by_name.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        Some(names)
    }

    /// The handlers whose filters match this payload, or `None`. Allocates nothing, and reads `d` only for
    /// a handler of this event that has a condition on it. The error says why `d` is malformed.
    pub(crate) fn wanting(&self, envelope: &Envelope<'_>) -> Result<Option<Wanting<'_>>, String> {
        let named = envelope.t().and_then(|t| self.by_name.get(t));
        let row = named.unwrap_or(&self.unnamed);
        if row.handlers.is_empty() {
            return Ok(None);
        }
        let matching = row.filters.matching(envelope)?;
        Ok((!matching.is_empty()).then_some(Wanting {
            handlers: &row.handlers,
            matching,
        }))
    }
}

/// The handlers that want an event.
pub(crate) struct Wanting<'t> {
    handlers: &'t [Arc<Handler>],
    matching: ShortSet,
}

impl Wanting<'_> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.matching.elements().map(|it| &self.handlers[it])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::on::On;

    fn wanted(handlers: &Handlers, text: &str) -> usize {
        let envelope = Envelope::parse(text).unwrap();
        let table = DispatchTable::new(handlers);
        let wanting = table.wanting(&envelope).unwrap();
        wanting.map_or(0, |wanting| wanting.iter().count())
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

    #[test]
    fn a_malformed_event_is_wanted_by_nobody() {
        let handlers = Handlers::new().on(On::event("A").with("/x", 1), |_, _| async {});
        let envelope = Envelope::parse(r#"{"t":"A","s":1,"op":0,"d":{"y":[1 "x":1}}"#).unwrap();
        let why = DispatchTable::new(&handlers).wanting(&envelope).err();
        assert!(why.unwrap().contains("not JSON"));
    }
}
