//! Poison rule: which events are skipped because they seem to end every process that handles them.
//! Pure.
//!
//! What a process adds to the number of *failed starts* from a watermark that it resumed from:
//!
//! | received an event | moved the watermark | stopped gracefully | failed starts, as they are saved |
//! |---|---|---|---|
//! | no | no | either | as many as before: no event can have ended the process |
//! | yes | no | no | one more |
//! | yes | no | yes | as many as before |
//! | yes | yes | either | 0: it is another watermark, from which nobody has started |
//!
//! What the next process does:
//!
//! | failed starts | events received after the watermark | the session is resumed |
//! |---|---|---|
//! | fewer than 3 | any | from the watermark |
//! | 3 or more | none | from the watermark |
//! | 3 or more | some | from the newest event received: those between are skipped |
//!
//! When the checkpoint has to be saved before an event is handled, so that it is known which event
//! came last if it ends the process:
//!
//! | first event of the process | failed starts before | watermark moved | replayed | saved first |
//! |---|---|---|---|---|
//! | yes | any | | | yes: from now on this process counts |
//! | no | none | | | no |
//! | no | some | no | either | yes |
//! | no | some | yes | yes | yes: the event may come after others that do no harm |
//! | no | some | yes | no | no |

/// After this many failed starts from one watermark, the events after it are skipped.
const MAX_FAILED_STARTS: u32 = 3;

/// Where a saved session is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResumeFrom {
    /// After the last event that was handled.
    Watermark,
    /// After the newest event that was received.
    NewestReceived,
}

/// Decides where a session with these saved numbers is resumed.
pub(crate) fn resume_from(failed_starts: u32, handled: u64, received: u64) -> ResumeFrom {
    if failed_starts >= MAX_FAILED_STARTS && received > handled {
        ResumeFrom::NewestReceived
    } else {
        ResumeFrom::Watermark
    }
}

/// One process's start from a watermark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poison {
    /// `None` for a session that began in this process: nobody has started from its watermark.
    resumed: Option<Resumed>,
}

#[derive(Clone, Copy, Debug)]
struct Resumed {
    watermark: u64,
    failed_starts: u32,
    got_event: bool,
    stopped: bool,
}

impl Poison {
    /// For a session that begins in this process.
    pub(crate) fn new_session() -> Self {
        Self { resumed: None }
    }

    /// For a session that is resumed from this watermark, after this many failed starts from it.
    pub(crate) fn resumed(watermark: u64, failed_starts: u32) -> Self {
        let resumed = Resumed {
            watermark,
            failed_starts,
            got_event: false,
            stopped: false,
        };
        Self {
            resumed: Some(resumed),
        }
    }

    /// An event was received. Returns whether that has to be saved before the event is handled.
    pub(crate) fn received(&mut self, replay: bool, handled: u64) -> bool {
        let Some(resumed) = &mut self.resumed else {
            return false;
        };
        let first = !std::mem::replace(&mut resumed.got_event, true);
        first || resumed.failed_starts > 0 && (replay || !resumed.moved(handled))
    }

    /// The bot stops gracefully: no event ended this process.
    pub(crate) fn stopped(&mut self) {
        if let Some(resumed) = &mut self.resumed {
            resumed.stopped = true;
        }
    }

    /// Failed starts from the watermark, counting this process as one if it ended now.
    pub(crate) fn failed_starts(&self, handled: u64) -> u32 {
        match &self.resumed {
            Some(resumed) if !resumed.moved(handled) => resumed
                .failed_starts
                .saturating_add(u32::from(resumed.would_count())),
            _ => 0,
        }
    }

    /// Whether this process would count as a failed start if it ended now.
    pub(crate) fn is_undecided(&self, handled: u64) -> bool {
        let undecided = |resumed: &Resumed| resumed.would_count() && !resumed.moved(handled);
        self.resumed.as_ref().is_some_and(undecided)
    }
}

impl Resumed {
    fn moved(&self, handled: u64) -> bool {
        handled > self.watermark
    }

    fn would_count(&self) -> bool {
        self.got_event && !self.stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WATERMARK: u64 = 41;

    fn poison(failed_starts: u32, got_event: bool, stopped: bool) -> Poison {
        let mut poison = Poison::resumed(WATERMARK, failed_starts);
        if got_event {
            poison.received(false, WATERMARK);
        }
        if stopped {
            poison.stopped();
        }
        poison
    }

    #[test]
    fn what_counts_as_a_failed_start() {
        // (received an event, moved the watermark, stopped gracefully) -> failed starts after two.
        let table = [
            (false, false, false, 2),
            (false, false, true, 2),
            (true, false, false, 3),
            (true, false, true, 2),
            (true, true, false, 0),
            (true, true, true, 0),
        ];
        for (got_event, moved, stopped, failed_starts) in table {
            let (poison, handled) = (poison(2, got_event, stopped), WATERMARK + u64::from(moved));
            let row = (got_event, moved, stopped);
            assert_eq!(poison.failed_starts(handled), failed_starts, "{row:?}");
            assert_eq!(poison.is_undecided(handled), failed_starts == 3, "{row:?}");
        }
    }

    #[test]
    fn where_a_session_is_resumed() {
        use ResumeFrom::{NewestReceived, Watermark};
        // (failed starts, events received after the watermark)
        let table = [
            (0, 0, Watermark),
            (2, 5, Watermark),
            (3, 0, Watermark),
            (3, 1, NewestReceived),
            (9, 0, Watermark),
            (u32::MAX, 5, NewestReceived),
        ];
        for (failed_starts, after, expected) in table {
            let from = resume_from(failed_starts, WATERMARK, WATERMARK + after);
            assert_eq!(from, expected, "{failed_starts} {after}");
        }
        // A saved text may hold any numbers.
        assert_eq!(resume_from(9, u64::MAX, 0), Watermark);
    }

    #[test]
    fn what_is_saved_before_it_is_handled() {
        // (first, failed starts before, moved the watermark, replayed)
        let table = [
            (true, 0, false, false, true),
            (true, 0, false, true, true),
            (true, 2, false, false, true),
            (false, 0, false, false, false),
            (false, 0, false, true, false),
            (false, 1, false, false, true),
            (false, 1, false, true, true),
            (false, 1, true, true, true),
            (false, 1, true, false, false),
        ];
        for (first, failed_starts, moved, replay, saved) in table {
            let mut poison = poison(failed_starts, !first, false);
            let row = (first, failed_starts, moved, replay);
            let handled = WATERMARK + u64::from(moved);
            assert_eq!(poison.received(replay, handled), saved, "{row:?}");
        }
    }

    #[test]
    fn a_session_of_this_process_has_no_failed_starts() {
        let mut poison = Poison::new_session();
        assert!(!poison.received(true, 0));
        poison.stopped();
        assert_eq!(poison.failed_starts(0), 0);
        assert!(!poison.is_undecided(0));
    }

    #[test]
    fn a_count_at_its_bound_stays_there() {
        assert_eq!(
            poison(u32::MAX, true, false).failed_starts(WATERMARK),
            u32::MAX
        );
    }
}
