//! What the limiter answers.

use std::sync::Arc;
use std::time::Instant;

use crate::error::RateLimitScope as Scope;

/// What becomes of a request for now.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    Leave,
    /// Ask again when woken, or at this time.
    Wait(Option<Instant>),
    Refuse(Refusal),
}

/// Why a request may not be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    Limited(Limited),
    /// Discord refused the token before; asking again only counts against the address.
    TokenRefused,
    /// Discord said before that there is no such webhook.
    WebhookGone,
}

/// A known limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limited {
    pub(crate) until: Instant,
    pub(crate) bucket: Option<Arc<str>>,
    pub(crate) scope: Scope,
}

/// How long a request waits for a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all: it is refused instead.
    None,
    /// As far as its timeout goes.
    Until(Instant),
    Endless,
}

impl Patience {
    pub(crate) fn allows(self, until: Instant) -> bool {
        match self {
            Self::None => false,
            Self::Until(most) => until <= most,
            Self::Endless => true,
        }
    }
}
