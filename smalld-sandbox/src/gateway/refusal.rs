//! Connections that a test refuses before they become websockets: how, where, and how often. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use crate::gateway::entrance::Entrance;

/// How a gateway connection is refused: by an HTTP status instead of the upgrade, or by dropping the
/// TCP connection.
///
/// ```
/// use std::time::Duration;
///
/// use smalld_sandbox::Refusal;
///
/// let outage = Refusal::status(503);
/// let slow_down = Refusal::too_many(Duration::from_secs(30));
/// let dead_resume_url = Refusal::dropped().at_resume_url();
/// # let _ = (outage, slow_down, dead_resume_url);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a refusal does nothing until it is given to `refuse_connections`"]
pub struct Refusal {
    pub(crate) answer: Answer,
    at: Option<Entrance>,
}

/// What the bot gets instead of the upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    Dropped,
}

impl Answer {
    pub(crate) fn status(self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status),
            Self::Dropped => None,
        }
    }
}

impl Refusal {
    /// Answers the upgrade with this HTTP status.
    ///
    /// # Panics
    ///
    /// If the status is not from 400 to 599.
    pub fn status(status: u16) -> Self {
        assert!(
            (400..600).contains(&status),
            "an upgrade cannot be refused with status {status}: use one from 400 to 599"
        );
        Self::by(Answer::Status {
            status,
            retry_after: None,
        })
    }

    /// Answers the upgrade with 429 and `Retry-After`, in whole seconds, rounded up.
    pub fn too_many(retry_after: Duration) -> Self {
        Self::by(Answer::Status {
            status: 429,
            retry_after: Some(retry_after),
        })
    }

    /// Drops the TCP connection after the request for the upgrade, without an answer.
    pub fn dropped() -> Self {
        Self::by(Answer::Dropped)
    }

    /// Refuses only connections to the general URL, the one of `/gateway/bot`.
    pub fn at_general_url(mut self) -> Self {
        self.at = Some(Entrance::General);
        self
    }

    /// Refuses only connections to the `resume_gateway_url` of READY.
    pub fn at_resume_url(mut self) -> Self {
        self.at = Some(Entrance::Resume);
        self
    }

    fn by(answer: Answer) -> Self {
        Self { answer, at: None }
    }

    fn applies_to(&self, entrance: Entrance) -> bool {
        self.at.is_none_or(|at| at == entrance)
    }
}

/// The planned refusals, in the order in which they were planned.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    planned: VecDeque<(Refusal, usize)>,
}

impl Refusals {
    pub(crate) fn plan(&mut self, refusal: Refusal, times: usize) {
        if times > 0 {
            self.planned.push_back((refusal, times));
        }
    }

    /// How the next connection is refused, if it is.
    pub(crate) fn next(&mut self, entrance: Entrance) -> Option<Answer> {
        let place = self
            .planned
            .iter()
            .position(|(refusal, _)| refusal.applies_to(entrance))?;
        let (refusal, times) = &mut self.planned[place];
        let answer = refusal.answer;
        *times -= 1;
        if *times == 0 {
            self.planned.remove(place);
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_apply_in_order_and_to_their_url() {
        let mut refusals = Refusals::default();
        refusals.plan(Refusal::dropped().at_resume_url(), 1);
        refusals.plan(Refusal::status(503), 2);
        refusals.plan(Refusal::status(500), 0);
        let outage = Answer::Status {
            status: 503,
            retry_after: None,
        };
        assert_eq!(refusals.next(Entrance::General), Some(outage));
        assert_eq!(refusals.next(Entrance::Resume), Some(Answer::Dropped));
        assert_eq!(refusals.next(Entrance::Resume), Some(outage));
        assert_eq!(refusals.next(Entrance::General), None);
    }
}
