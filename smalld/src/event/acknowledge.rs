//! Acknowledgement of an event: its source learns how the event ended, and that it is still at work.
//!
//! Every handler's run holds a [`Claim`] on the event. When the last claim is gone the event has
//! ended, and its source is told once, with the worst ending of all runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::unwind;

/// How an event ended, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ending {
    /// All its handlers have ended. Those that failed were reported, and count as ended. An event
    /// that no handler wants is handled at once.
    Handled,
    /// A handler was not started, because too many of its earlier runs have not ended.
    Refused,
    /// The bot stopped before all handlers had ended.
    Abandoned,
}

/// What a [`Source`](crate::source::Source) learns of an event that it delivered.
///
/// For a message broker, [`Handled`](Ending::Handled) is an ack, [`Refused`](Ending::Refused) and
/// [`Abandoned`](Ending::Abandoned) are a nak, and [`in_progress`](Self::in_progress) extends the
/// deadline. A broker that delivers the event again runs *all* its handlers again, including those
/// that had finished.
///
/// ```
/// use smalld::source::{Acknowledge, Ending};
///
/// struct Ack(std::sync::mpsc::Sender<Ending>);
///
/// impl Acknowledge for Ack {
///     fn acknowledge(&self, ending: Ending) {
///         let _ = self.0.send(ending);
///     }
/// }
/// ```
///
/// Both methods are called where handlers run, so they must not block.
pub trait Acknowledge: Send + Sync + 'static {
    /// The event has ended. Called once, with the worst ending of all its handlers.
    fn acknowledge(&self, ending: Ending);

    /// Handlers are still at work, or waiting for their turn or for a free place. Called about every
    /// ten seconds for each of them. By default it does nothing.
    fn in_progress(&self) {}
}

/// The acknowledgement of one event, shared by all who work on it. Clones are cheap.
#[derive(Clone, Default)]
pub(crate) struct Acknowledgement(Option<Arc<Shared<dyn Acknowledge>>>);

struct Shared<A: Acknowledge + ?Sized> {
    worst: AtomicU8,
    source: A,
}

impl Acknowledgement {
    pub(crate) fn new(source: impl Acknowledge) -> Self {
        Self(Some(Arc::new(Shared {
            worst: AtomicU8::new(Ending::Handled as u8),
            source,
        })))
    }

    /// For an event that nobody asks about.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// A claim on the event, which has not ended before the claim has.
    pub(crate) fn claim(&self) -> Claim {
        Claim {
            event: self.clone(),
            ending: Ending::Abandoned,
        }
    }

    fn worsen(&self, ending: Ending) {
        if let Some(shared) = &self.0 {
            shared.worst.fetch_max(ending as u8, Ordering::AcqRel);
        }
    }
}

impl<A: Acknowledge + ?Sized> Drop for Shared<A> {
    fn drop(&mut self) {
        let ending = match *self.worst.get_mut() {
            0 => Ending::Handled,
            1 => Ending::Refused,
            _ => Ending::Abandoned,
        };
        guarded(|| self.source.acknowledge(ending));
    }
}

/// The part that one handler's run has in an event. Dropped without an end, the event counts as
/// abandoned.
pub(crate) struct Claim {
    event: Acknowledgement,
    ending: Ending,
}

impl Claim {
    pub(crate) fn end(mut self, ending: Ending) {
        self.ending = ending;
    }

    pub(crate) fn in_progress(&self) {
        if let Some(shared) = &self.event.0 {
            guarded(|| shared.source.in_progress());
        }
    }

    /// The event, to claim it again for a handler that takes over.
    pub(crate) fn event(&self) -> &Acknowledgement {
        &self.event
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.event.worsen(self.ending);
    }
}

/// This runs where handlers end, which must outlive a source that panics.
fn guarded(call: impl FnOnce()) {
    if unwind::guarded(call).is_none() {
        tracing::error!(target: "smalld", "the source of an event panicked when it was told how the event is going");
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acknowledgement").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<Ending>>>);

    impl Acknowledge for Heard {
        fn acknowledge(&self, ending: Ending) {
            let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(ending);
        }
    }

    impl Heard {
        fn all(&self) -> Vec<Ending> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn the_worst_ending_is_told_once_when_the_last_claim_has_ended() {
        for (endings, worst) in [
            (vec![Ending::Handled, Ending::Handled], Ending::Handled),
            (vec![Ending::Refused, Ending::Handled], Ending::Refused),
            (vec![Ending::Abandoned, Ending::Refused], Ending::Abandoned),
            (vec![], Ending::Handled),
        ] {
            let heard = Heard::default();
            let event = Acknowledgement::new(heard.clone());
            let claims: Vec<Claim> = endings.iter().map(|_| event.claim()).collect();
            for (claim, ending) in claims.into_iter().zip(endings) {
                assert_eq!(heard.all(), []);
                claim.end(ending);
            }
            assert_eq!(heard.all(), []);
            drop(event);
            assert_eq!(heard.all(), [worst]);
        }
    }

    #[test]
    fn a_claim_that_is_dropped_abandons_the_event() {
        let heard = Heard::default();
        drop(Acknowledgement::new(heard.clone()).claim());
        assert_eq!(heard.all(), [Ending::Abandoned]);
    }

    #[test]
    fn a_source_that_panics_hurts_nobody() {
        struct Panics;
        impl Acknowledge for Panics {
            fn acknowledge(&self, _: Ending) {
                panic!("broken source");
            }
        }
        Acknowledgement::new(Panics).claim().end(Ending::Handled);
    }
}
