//! Intents that a bot requests, before it knows which privileged ones it has been granted.

use crate::dispatch::Handlers;
use crate::event::intents::Intents;

/// The requested intents: those that are always used, and those that are used if granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestedIntents {
    named: Intents,
    if_granted: Intents,
}

impl RequestedIntents {
    /// The intents that the program set, or by default all. Privileged intents that it did not name
    /// are used only if granted.
    pub(crate) fn new(given: Option<Intents>, handlers: &Handlers) -> Self {
        let for_handlers = Intents::for_handlers();
        let (named, implied) = match given {
            None => (Intents::empty(), Intents::all()),
            Some(given) if given.contains(for_handlers) => {
                let needs = handlers.iter().flat_map(|handler| handler.intents());
                (given.difference(for_handlers), needs.collect())
            }
            Some(given) => (given, Intents::empty()),
        };
        Self {
            named: named | implied.difference(Intents::privileged()),
            if_granted: implied
                .intersection(Intents::privileged())
                .difference(named),
        }
    }

    pub(crate) fn depends_on_grants(self) -> bool {
        !self.if_granted.is_empty()
    }

    pub(crate) fn resolve(self, granted: Intents) -> Intents {
        self.named | self.if_granted.intersection(granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_granted_intents_are_requested_by_default() {
        let requested = RequestedIntents::new(None, &Handlers::new());
        assert_eq!(requested.resolve(Intents::empty()), Intents::unprivileged());
        assert_eq!(requested.resolve(Intents::privileged()), Intents::all());
    }

    #[test]
    fn for_handlers_requests_what_the_handlers_need() {
        let handlers = Handlers::new()
            .on("MESSAGE_CREATE", |_, _| async {})
            .on("GUILD_MEMBER_ADD", |_, _| async {})
            // These handlers are not called for events.
            .on_start(|_| async {})
            .on_error(|_, _| async {});
        let given = Intents::for_handlers() | Intents::GUILD_PRESENCES;
        let requested = RequestedIntents::new(Some(given), &handlers);
        let always = Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES | Intents::GUILD_PRESENCES;
        assert_eq!(requested.resolve(Intents::empty()), always);
        let granted = always | Intents::MESSAGE_CONTENT | Intents::GUILD_MEMBERS;
        assert_eq!(requested.resolve(Intents::privileged()), granted);
    }

    #[test]
    fn named_intents_are_used_as_they_are() {
        let requested = RequestedIntents::new(Some(Intents::GUILD_MEMBERS), &Handlers::new());
        assert!(!requested.depends_on_grants());
        assert_eq!(requested.resolve(Intents::empty()), Intents::GUILD_MEMBERS);
    }
}
