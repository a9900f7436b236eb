//! Which intents to ask for, as far as it can be told before Discord says what it grants.

use crate::dispatch::Handlers;
use crate::event::intents::Intents;

/// The intents of a bot before it is known what Discord grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestedIntents {
    named: Intents,
    if_granted: Intents,
}

impl RequestedIntents {
    /// Those that were given, or all; privileged ones that nobody named only where granted.
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
    fn by_default_all_that_is_granted_is_asked_for() {
        let requested = RequestedIntents::new(None, &Handlers::new());
        assert_eq!(requested.resolve(Intents::empty()), Intents::unprivileged());
        assert_eq!(requested.resolve(Intents::privileged()), Intents::all());
    }

    #[test]
    fn handlers_ask_for_what_they_need() {
        let handlers = Handlers::new()
            .on("MESSAGE_CREATE", |_, _| async {})
            .on("GUILD_MEMBER_ADD", |_, _| async {})
            // Neither the start nor failures come from Discord.
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
    fn intents_given_by_name_are_used_as_given() {
        let requested = RequestedIntents::new(Some(Intents::GUILD_MEMBERS), &Handlers::new());
        assert!(!requested.depends_on_grants());
        assert_eq!(requested.resolve(Intents::empty()), Intents::GUILD_MEMBERS);
    }
}
