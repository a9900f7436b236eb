//! Acknowledgement of an event: its source is notified how the event ended, and in between that its
//! handlers are still running.
//!
//! Every run of a handler holds a [`Claim`] on the event. When the last claim is dropped, the source is
//! notified once, with the worst ending of all runs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::unwind;

/// How an event ended, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ending {
    /// All its handlers have ended, including those that failed, whose failures were reported. An event
    /// that no handler wants is handled at once.
    Handled,
    /// A handler was not started, because too many of its earlier runs have not ended yet.
    Refused,
    /// The bot stopped before all handlers had ended.
    Abandoned,
}

/// Notifies a [`Source`](crate::source::Source) of the progress and the end of an event.
///
/// For a message broker, [`Handled`](Ending::Handled) is an ack, [`Refused`](Ending::Refused) and
/// [`Abandoned`](Ending::Abandoned) are a nak, and [`in_progress`](Self::in_progress) extends the
/// deadline. If the broker delivers the event again, *all* its handlers run again, including those that
/// had finished.
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
/// Both methods are called on the threads that run handlers, so they must not block.
pub trait Acknowledge: Send + Sync + 'static {
    /// Called once when the event has ended, with the worst ending of all its handlers.
    fn acknowledge(&self, ending: Ending);

    /// Called about every ten seconds for each handler that is still running, or waits for its turn or
    /// for the limit of running handlers. By default it does nothing.
    fn in_progress(&self) {}
}

/// The acknowledgement of one event, shared by the runs of its handlers. Clones are cheap.
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
            source: DropGuarded(Some(source)),
        })))
    }

    /// For an event whose source does not need to know.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns a claim on the event. The event does not end before the claim is dropped.
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

/// A source's value, whose `Drop` may panic.
struct DropGuarded<A: Acknowledge>(Option<A>);

impl<A: Acknowledge> Acknowledge for DropGuarded<A> {
    fn acknowledge(&self, ending: Ending) {
        if let Some(source) = &self.0 {
            source.acknowledge(ending);
        }
    }

    fn in_progress(&self) {
        if let Some(source) = &self.0 {
            source.in_progress();
        }
    }
}

impl<A: Acknowledge> Drop for DropGuarded<A> {
    fn drop(&mut self) {
        let source = self.0.take();
        guarded(|| drop(source));
    }
}

/// A claim of one handler's run on an event. If it is dropped without `end`, the event counts as
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

    /// The event, to claim it again for an error handler.
    pub(crate) fn event(&self) -> &Acknowledgement {
        &self.event
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.event.worsen(self.ending);
    }
}

/// Calls a source, whose panic must not reach the handlers.
fn guarded(call: impl FnOnce()) {
    if unwind::guarded(call).is_none() {
        tracing::error!(target: "smalld", "the `Acknowledge` implementation of a source panicked; see the panic message above, on stderr");
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
    fn the_worst_ending_is_reported_once_when_the_last_claim_is_dropped() {
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
    fn a_panic_of_the_source_is_caught() {
        struct Panics;
        impl Acknowledge for Panics {
            fn acknowledge(&self, _: Ending) {
                panic!("broken source");
            }
        }
        Acknowledgement::new(Panics).claim().end(Ending::Handled);
    }

    #[test]
    fn a_panic_when_it_is_dropped_is_caught() {
        struct PanicsInDrop;
        impl Acknowledge for PanicsInDrop {
            fn acknowledge(&self, _: Ending) {}
        }
        impl Drop for PanicsInDrop {
            fn drop(&mut self) {
                panic!("broken drop");
            }
        }
        Acknowledgement::new(PanicsInDrop)
            .claim()
            .end(Ending::Handled);
    }
}
