//! Whether an interaction has been answered. All handlers of the event share one state, so that Discord
//! gets one answer.
//!
//! Pure but for the wait for an answer that is being sent. The caller sends what [`Step`] says.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// An interaction must be answered within this time.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// What has been sent so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Sending,
    /// A message was promised.
    Deferred {
        ephemeral: bool,
    },
    /// The message of the component may be edited later.
    DeferredUpdate,
    Answered,
}

/// An answer that a handler wants to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Reply { ephemeral: bool },
    Defer { ephemeral: bool },
    Update,
    DeferUpdate,
    Modal,
    Choices,
}

/// How a wish is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first answer, as a callback.
    Callback,
    /// In place of the message that was promised, or of the component's.
    EditOriginal,
    /// Another message.
    FollowUp,
}

/// Why a wish cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    AlreadyAnswered,
    /// The wish cannot follow a deferral.
    AlreadyDeferred,
    /// The promised message is ephemeral, or it is not, and the reply differs.
    EphemeralDiffers {
        promised: bool,
    },
}

impl Progress {
    fn step(self, wish: Wish) -> Result<Step, Refusal> {
        match (self, wish) {
            (Self::Open | Self::Sending, _) => Ok(Step::Callback),
            (Self::Deferred { ephemeral }, Wish::Reply { ephemeral: wanted }) => {
                if ephemeral == wanted {
                    Ok(Step::EditOriginal)
                } else {
                    Err(Refusal::EphemeralDiffers {
                        promised: ephemeral,
                    })
                }
            }
            (Self::DeferredUpdate, Wish::Update) => Ok(Step::EditOriginal),
            (Self::DeferredUpdate, Wish::Reply { .. }) => Ok(Step::FollowUp),
            (Self::Deferred { .. } | Self::DeferredUpdate, _) => Err(Refusal::AlreadyDeferred),
            (Self::Answered, _) => Err(Refusal::AlreadyAnswered),
        }
    }

    /// The state after a wish was sent.
    fn after(self, wish: Wish) -> Self {
        match (self, wish) {
            (_, Wish::Defer { ephemeral }) => Self::Deferred { ephemeral },
            // The component's message can be edited any number of times, and replied to.
            (_, Wish::DeferUpdate) | (Self::DeferredUpdate, _) => Self::DeferredUpdate,
            _ => Self::Answered,
        }
    }
}

/// The answer of one interaction, shared by all that may give it.
#[derive(Debug)]
pub(crate) struct Answer {
    progress: watch::Sender<Progress>,
    /// When this process received the interaction; `None` if Discord sent it earlier, and elsewhere.
    received: Option<Instant>,
}

impl Answer {
    pub(crate) fn new(received: Option<Instant>) -> Self {
        Self {
            progress: watch::Sender::new(Progress::Open),
            received,
        }
    }

    pub(crate) fn received(&self) -> Option<Instant> {
        self.received
    }

    /// Whether an answer was sent, or is being sent.
    pub(crate) fn is_given(&self) -> bool {
        *self.progress.borrow() != Progress::Open
    }

    /// Reserves the answer for this wish. Waits for an answer that is being sent.
    ///
    /// Sending fails if the returned attempt is dropped without [`Attempt::succeeded`]; the answer is
    /// then as before.
    pub(crate) async fn begin(&self, wish: Wish) -> Result<Attempt<'_>, Refusal> {
        let mut changes = self.progress.subscribe();
        loop {
            if let Some(begun) = self.try_begin(wish) {
                return begun;
            }
            // The sender is `self`, so it is not closed.
            let _ = changes.changed().await;
        }
    }

    /// `None` while another answer is being sent.
    pub(crate) fn try_begin(&self, wish: Wish) -> Option<Result<Attempt<'_>, Refusal>> {
        let mut begun = None;
        self.progress.send_if_modified(|progress| {
            let before = *progress;
            if before == Progress::Sending {
                return false;
            }
            let step = before.step(wish);
            let is_sent = step.is_ok();
            if is_sent {
                *progress = Progress::Sending;
            }
            begun = Some(step.map(|step| (step, before)));
            is_sent
        });
        let begun = begun?;
        Some(begun.map(|(step, before)| Attempt {
            answer: self,
            step,
            before,
            after: before.after(wish),
            is_sent: false,
        }))
    }
}

/// An answer that is being sent.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    answer: &'a Answer,
    pub(crate) step: Step,
    before: Progress,
    after: Progress,
    is_sent: bool,
}

impl Attempt<'_> {
    /// Discord has accepted the answer, or may have.
    pub(crate) fn succeeded(mut self) {
        self.is_sent = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let progress = if self.is_sent {
            self.after
        } else {
            self.before
        };
        self.answer.progress.send_replace(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: Wish = Wish::Reply { ephemeral: false };
    const WHISPER: Wish = Wish::Reply { ephemeral: true };
    const DEFER: Wish = Wish::Defer { ephemeral: false };

    fn open() -> Answer {
        Answer::new(None)
    }

    /// Sends the wish, or says why it cannot be sent.
    fn send(answer: &Answer, wish: Wish) -> Result<Step, Refusal> {
        let attempt = answer.try_begin(wish).expect("nothing is being sent")?;
        let step = attempt.step;
        attempt.succeeded();
        Ok(step)
    }

    #[test]
    fn there_is_one_answer() {
        for wish in [REPLY, Wish::Update, Wish::Modal, Wish::Choices] {
            let answer = open();
            assert_eq!(send(&answer, wish), Ok(Step::Callback));
            for second in [REPLY, DEFER, Wish::Update, Wish::DeferUpdate, Wish::Modal] {
                assert_eq!(send(&answer, second), Err(Refusal::AlreadyAnswered));
            }
        }
    }

    #[test]
    fn a_reply_takes_the_place_of_the_promised_message() {
        let answer = open();
        assert_eq!(send(&answer, DEFER), Ok(Step::Callback));
        assert_eq!(send(&answer, DEFER), Err(Refusal::AlreadyDeferred));
        assert_eq!(send(&answer, Wish::Modal), Err(Refusal::AlreadyDeferred));
        let differs = Refusal::EphemeralDiffers { promised: false };
        assert_eq!(send(&answer, WHISPER), Err(differs));
        assert_eq!(send(&answer, REPLY), Ok(Step::EditOriginal));
        assert_eq!(send(&answer, REPLY), Err(Refusal::AlreadyAnswered));
    }

    #[test]
    fn after_a_deferred_update_the_message_is_edited_and_replied_to_at_will() {
        let answer = open();
        assert_eq!(send(&answer, Wish::DeferUpdate), Ok(Step::Callback));
        for _ in 0..2 {
            assert_eq!(send(&answer, Wish::Update), Ok(Step::EditOriginal));
            assert_eq!(send(&answer, WHISPER), Ok(Step::FollowUp));
        }
        assert_eq!(send(&answer, Wish::Modal), Err(Refusal::AlreadyDeferred));
    }

    #[test]
    fn a_failed_attempt_leaves_the_answer_as_it_was() {
        let answer = open();
        drop(answer.try_begin(REPLY));
        assert_eq!(*answer.progress.borrow(), Progress::Open);
        send(&answer, DEFER).unwrap();
        drop(answer.try_begin(REPLY));
        assert_eq!(send(&answer, REPLY), Ok(Step::EditOriginal));
    }

    #[tokio::test]
    async fn an_answer_waits_for_one_that_is_being_sent() {
        let answer = open();
        let defer = answer.try_begin(DEFER).unwrap().unwrap();
        assert!(answer.try_begin(REPLY).is_none());
        let (reply, ()) = tokio::join!(answer.begin(REPLY), async { defer.succeeded() });
        assert_eq!(reply.unwrap().step, Step::EditOriginal);
    }
}
