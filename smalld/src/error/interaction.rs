//! Errors of answers to interactions that were not sent.

use std::fmt;
use std::time::Duration;

/// An answer to an interaction that was not sent, because Discord would refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InteractionError {
    /// The id of the interaction.
    pub interaction: String,
    /// Why it was not sent.
    pub kind: InteractionErrorKind,
}

/// Why an answer to an interaction was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InteractionErrorKind {
    /// The interaction is older than the 3 seconds within which Discord accepts an answer.
    TooLate {
        /// The age of the interaction.
        age: Duration,
    },
    /// The interaction has an answer already.
    AlreadyAnswered,
    /// The interaction was deferred, after which this answer is not possible.
    AlreadyDeferred,
    /// The deferral promised an ephemeral message and the reply is not ephemeral, or the other way
    /// round. Discord would keep what was promised.
    EphemeralDiffers {
        /// Whether the promised message is ephemeral.
        deferred_as_ephemeral: bool,
    },
}

impl fmt::Display for InteractionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interaction {}: ", self.interaction)?;
        match self.kind {
            InteractionErrorKind::TooLate { age } => write!(
                f,
                "not answered, because it is {age:.1?} old and Discord accepts an answer within 3 s; answer first, or `defer` and edit the reply later"
            ),
            InteractionErrorKind::AlreadyAnswered => f.write_str(
                "it has an answer already; change it with `edit_reply`, or send another message with `follow_up`",
            ),
            InteractionErrorKind::AlreadyDeferred => f.write_str(
                "it was deferred, so only a message can follow: `reply`, `edit_reply` or `follow_up`; a modal or choices must be the first answer",
            ),
            InteractionErrorKind::EphemeralDiffers {
                deferred_as_ephemeral: true,
            } => f.write_str(
                "it was deferred as ephemeral and the reply is not; give the reply the flag `EPHEMERAL`, or defer without it",
            ),
            InteractionErrorKind::EphemeralDiffers {
                deferred_as_ephemeral: false,
            } => f.write_str(
                "the reply is ephemeral and it was deferred without that flag; defer with the flag `EPHEMERAL`",
            ),
        }
    }
}

impl std::error::Error for InteractionError {}
