//! Progress of one shard, from which a checkpoint can be taken at any moment. The shard's task
//! reports to it, the saver reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::gateway::checkpoint::document::{
    Checkpoint, Configuration, Document, SavedSession, unix_seconds,
};
use crate::gateway::checkpoint::poison::Poison;
use crate::gateway::checkpoint::restore::{Restored, restore};
use crate::gateway::checkpoint::watermark::Watermark;
use crate::gateway::protocol::session_starts::SessionStarts;

/// Precision of the time at which Discord was last heard from. Without it, every heartbeat would
/// cause a save.
const LAST_HEARD_PRECISION: Duration = Duration::from_secs(60);

/// The progress of one shard.
#[derive(Debug)]
pub(crate) struct Progress {
    shard: u32,
    session_starts: SessionStarts,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    session: Option<LiveSession>,
    last_session_start: u64,
}

#[derive(Debug)]
struct LiveSession {
    id: Arc<str>,
    resume_url: String,
    watermark: Arc<Watermark>,
    poison: Poison,
    last_heard: u64,
}

impl Progress {
    /// Starts from this checkpoint.
    pub(crate) fn new(checkpoint: &Checkpoint) -> Self {
        let session = checkpoint.session.as_ref().map(|saved| LiveSession {
            id: saved.id.as_str().into(),
            resume_url: saved.resume_url.clone(),
            watermark: Arc::new(Watermark::new(saved.handled, saved.received)),
            poison: Poison::resumed(saved.handled, saved.failed_starts),
            last_heard: saved.last_heard,
        });
        Self {
            shard: checkpoint.shard,
            session_starts: SessionStarts::new(checkpoint.session_starts),
            state: Mutex::new(State {
                session,
                last_session_start: checkpoint.last_session_start,
            }),
        }
    }

    /// The watermark of the session, if there is one.
    pub(crate) fn watermark(&self) -> Option<Arc<Watermark>> {
        let state = self.state();
        let session = state.session.as_ref();
        session.map(|session| Arc::clone(&session.watermark))
    }

    /// READY: a session of this process began, with every event up to `handled` handled.
    pub(crate) fn session_began(
        &self,
        id: Arc<str>,
        resume_url: String,
        handled: u64,
    ) -> Arc<Watermark> {
        let watermark = Arc::new(Watermark::new(handled, 0));
        self.state().session = Some(LiveSession {
            id,
            resume_url,
            watermark: Arc::clone(&watermark),
            poison: Poison::new_session(),
            last_heard: unix_seconds(SystemTime::now()),
        });
        watermark
    }

    /// The session cannot be resumed any more.
    pub(crate) fn session_lost(&self) {
        self.state().session = None;
    }

    /// The count of session starts, which the session has changed.
    pub(crate) fn session_starts(&self) -> SessionStarts {
        self.session_starts.clone()
    }

    /// IDENTIFY is about to be sent.
    pub(crate) fn session_starting(&self) {
        self.state().last_session_start = unix_seconds(SystemTime::now());
    }

    /// Discord has been heard from.
    pub(crate) fn heard(&self) {
        let now = unix_seconds(SystemTime::now());
        if let Some(session) = &mut self.state().session
            && now
                >= session
                    .last_heard
                    .saturating_add(LAST_HEARD_PRECISION.as_secs())
        {
            session.last_heard = now;
        }
    }

    /// An event was received. Returns whether the checkpoint has to be saved before the event is
    /// handled.
    pub(crate) fn event_received(&self, replay: bool) -> bool {
        self.state().session.as_mut().is_some_and(|session| {
            let handled = session.watermark.handled();
            session.poison.received(replay, handled)
        })
    }

    /// Whether this process would count as a failed start if it ended now.
    pub(crate) fn is_undecided(&self) -> bool {
        let state = self.state();
        state
            .session
            .as_ref()
            .is_some_and(|session| session.poison.is_undecided(session.watermark.handled()))
    }

    /// The bot stops gracefully.
    pub(crate) fn stopped(&self) {
        if let Some(session) = &mut self.state().session {
            session.poison.stopped();
            session.last_heard = unix_seconds(SystemTime::now());
        }
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let state = self.state();
        Checkpoint {
            shard: self.shard,
            session: state.session.as_ref().map(LiveSession::saved),
            session_starts: self.session_starts.count(),
            last_session_start: state.last_session_start,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveSession {
    fn saved(&self) -> SavedSession {
        let handled = self.watermark.handled();
        SavedSession {
            id: (*self.id).to_owned(),
            resume_url: self.resume_url.clone(),
            handled,
            received: self.watermark.newest_received(),
            failed_starts: self.poison.failed_starts(handled),
            last_heard: self.last_heard,
        }
    }
}

/// Returns the checkpoint that a shard starts from, and logs what is not resumed or is skipped.
pub(crate) fn restore_shard(
    document: Option<&Document>,
    configuration: &Configuration,
    shard: u32,
) -> Checkpoint {
    let (checkpoint, restored) = restore(document, configuration, shard, SystemTime::now());
    match restored {
        Restored::Nothing | Restored::Resumed => {}
        Restored::NotResumed { reason, unhandled } => {
            tracing::info!(target: "smalld", shard, "the saved session is not resumed: {reason}; {unhandled} events that were received but not handled are not replayed");
        }
        Restored::Skipped {
            failed_starts,
            first,
            last,
        } => {
            let skipped = last - first + 1;
            tracing::error!(target: "smalld", shard, "{skipped} events are skipped, seq {first} to {last}: {failed_starts} processes in a row ended before one of these events was handled, so one of them seems to end the process");
        }
    }
    checkpoint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(handled: u64, received: u64, failed_starts: u32) -> Checkpoint {
        let session = SavedSession {
            id: "sid".to_owned(),
            resume_url: "wss://r".to_owned(),
            handled,
            received,
            failed_starts,
            last_heard: unix_seconds(SystemTime::now()),
        };
        Checkpoint {
            session: Some(session),
            ..Checkpoint::default()
        }
    }

    fn session(progress: &Progress) -> SavedSession {
        progress.checkpoint().session.unwrap()
    }

    #[test]
    fn a_start_counts_from_its_first_event_until_the_watermark_moves() {
        let mut saved = checkpoint(41, 41, 0);
        for start in 1..=3 {
            let progress = Progress::new(&saved);
            assert_eq!(progress.checkpoint(), saved, "no event has come yet");
            // The event that ends the process.
            progress.watermark().unwrap().received(42);
            assert!(progress.event_received(false), "the first is always saved");
            assert_eq!(progress.event_received(false), start > 1);
            assert!(progress.is_undecided());
            saved = progress.checkpoint();
            let session = session(&progress);
            assert_eq!(
                (session.handled, session.received, session.failed_starts),
                (41, 42, start)
            );
        }
    }

    #[test]
    fn a_watermark_that_moves_clears_the_count() {
        let progress = Progress::new(&checkpoint(41, 44, 2));
        assert!(progress.event_received(false));
        assert_eq!(session(&progress).failed_starts, 3);
        let watermark = progress.watermark().unwrap();
        watermark.received(42);
        watermark.delivered();
        assert!(!progress.event_received(false));
        assert!(progress.event_received(true), "it may be a later event");
        let session = session(&progress);
        assert_eq!((session.failed_starts, session.handled), (0, 42));
        assert_eq!(session.received, 44, "an earlier process received it");
    }

    #[test]
    fn a_graceful_shutdown_does_not_count_as_a_failed_start() {
        // As when handlers outlive `shutdown_timeout`, and the bot is deployed again and again.
        let mut saved = checkpoint(41, 44, 1);
        for _ in 0..5 {
            let progress = Progress::new(&saved);
            progress.watermark().unwrap().received(42);
            assert!(progress.event_received(true));
            assert_eq!(session(&progress).failed_starts, 2, "it may end any time");
            progress.stopped();
            saved = progress.checkpoint();
        }
        let session = saved.session.unwrap();
        assert_eq!((session.handled, session.failed_starts), (41, 1));
    }

    #[test]
    fn absurd_numbers_do_no_harm() {
        let mut saved = checkpoint(u64::MAX, 0, u32::MAX);
        saved.session_starts = u32::MAX;
        saved.last_session_start = u64::MAX;
        if let Some(session) = &mut saved.session {
            session.last_heard = u64::MAX;
        }
        let progress = Progress::new(&saved);
        progress.heard();
        progress.event_received(true);
        progress.stopped();
        assert_eq!(session(&progress).handled, u64::MAX);
    }
}
