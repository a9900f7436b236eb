//! Decisions of the limiter.

use std::sync::Arc;
use std::time::Instant;

use crate::error::RateLimitScope as Scope;

/// What a request has to do now.
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
    /// Discord refused the token before. Another request would count as invalid.
    TokenRefused,
    /// The webhook does not exist any more.
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
    /// It does not wait, but is refused.
    None,
    /// Until its timeout.
    Until(Instant),
    Endless,
}

impl Patience {
    pub(crate) fn allows(self, until: Instant) -> bool {
        match self {
            Self::None => false,
            Self::Until(deadline) => until <= deadline,
            Self::Endless => true,
        }
    }
}
