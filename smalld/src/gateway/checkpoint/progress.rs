//! What is to outlive the process of one shard, as it stands at any moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::gateway::checkpoint::watermark::Watermark;

/// A session that nothing was heard of for longer is not worth a resume. Discord speaks of a few
/// minutes.
const FRESH: Duration = Duration::from_secs(600);
/// How exactly it is known when a session was last heard of.
const EXACT: Duration = Duration::from_secs(60);
/// After so many starts from one mark that did not move it, what lies behind it is skipped: it may
/// be what ends the process.
const MOST_STARTS: u32 = 3;

/// A shard's record as it is saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) shard: u32,
    pub(crate) session: Option<SavedSession>,
    /// How many sessions were begun since one lasted, and when the last was, in Unix seconds.
    pub(crate) begun: u32,
    pub(crate) last_begun: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    pub(crate) id: String,
    pub(crate) resume_url: String,
    /// Every event up to this number has been through its handlers.
    pub(crate) handled: u64,
    /// The newest number that was received.
    pub(crate) received: u64,
    /// How many processes have resumed from this very mark and got an event.
    pub(crate) starts: u32,
    /// When it was last heard of, in Unix seconds.
    pub(crate) alive: u64,
}

/// What comes of a saved session at a start.
#[derive(Debug, PartialEq)]
pub(crate) enum Restored {
    Resume(SavedSession),
    /// From behind the events that may have ended the process before.
    Skip {
        session: SavedSession,
        skipped: u64,
    },
    Stale,
}

impl SavedSession {
    pub(crate) fn restore(self, now: SystemTime) -> Restored {
        let age = unix(now).saturating_sub(self.alive);
        if age > FRESH.as_secs() {
            return Restored::Stale;
        }
        let skipped = self.received.saturating_sub(self.handled);
        if self.starts < MOST_STARTS || skipped == 0 {
            return Restored::Resume(self);
        }
        let session = Self {
            handled: self.received,
            starts: 0,
            ..self
        };
        Restored::Skip { session, skipped }
    }
}

/// One shard's, shared by its gateway and whoever saves it.
#[derive(Debug)]
pub(crate) struct Progress {
    shard: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Kept>,
    begun: u32,
    last_begun: u64,
}

#[derive(Debug)]
struct Kept {
    id: Arc<str>,
    resume_url: String,
    watermark: Arc<Watermark>,
    /// The mark that this process started from, and how many have; 0 for a session of its own.
    from: u64,
    starts: u32,
    /// This process has got an event of it. One that ends before proves nothing about any.
    tried: bool,
    /// What an earlier process had received of it.
    received: u64,
    alive: u64,
    stopped: bool,
}

impl Progress {
    /// With what an earlier process left, if there is anything, and the mark of the session that
    /// is to be resumed.
    pub(crate) fn new(shard: u32, begun: (u32, u64), session: Option<&SavedSession>) -> Self {
        let session = session.map(|saved| Kept {
            id: saved.id.as_str().into(),
            resume_url: saved.resume_url.clone(),
            watermark: Arc::new(Watermark::new(saved.handled)),
            from: saved.handled,
            starts: saved.starts.saturating_add(1),
            tried: false,
            received: saved.received,
            alive: saved.alive,
            stopped: false,
        });
        let (begun, last_begun) = begun;
        Self {
            shard,
            state: Mutex::new(State {
                session,
                begun,
                last_begun,
            }),
        }
    }

    /// The mark of the session, if there is one.
    pub(crate) fn watermark(&self) -> Option<Arc<Watermark>> {
        let state = self.state();
        state
            .session
            .as_ref()
            .map(|kept| Arc::clone(&kept.watermark))
    }

    /// READY: a session of this process's own, from this number on.
    pub(crate) fn ready(&self, id: Arc<str>, resume_url: String, seq: u64) -> Arc<Watermark> {
        let watermark = Arc::new(Watermark::new(seq));
        self.state().session = Some(Kept {
            id,
            resume_url,
            watermark: Arc::clone(&watermark),
            from: seq,
            starts: 0,
            tried: true,
            received: 0,
            alive: unix(SystemTime::now()),
            stopped: false,
        });
        watermark
    }

    pub(crate) fn forget(&self) {
        self.state().session = None;
    }

    /// Sessions begun since one lasted.
    pub(crate) fn begun(&self, sessions: u32) {
        let mut state = self.state();
        state.begun = sessions;
        state.last_begun = unix(SystemTime::now());
    }

    pub(crate) fn lasted(&self) {
        self.state().begun = 0;
    }

    /// Discord has been heard of. Told exactly, each heartbeat would be worth saving.
    pub(crate) fn alive(&self) {
        let now = unix(SystemTime::now());
        if let Some(kept) = &mut self.state().session
            && now >= kept.alive.saturating_add(EXACT.as_secs())
        {
            kept.alive = now;
        }
    }

    /// Events have come, and the mark is still the one that this process started from.
    pub(crate) fn is_unmoved(&self) -> bool {
        let state = self.state();
        let unmoved = |kept: &Kept| kept.tried && kept.starts() > 0;
        state.session.as_ref().is_some_and(unmoved)
    }

    /// An event has come. Tells whether that has to be saved before it is handled.
    ///
    /// The first of all is, as from then on this process counts as a start. Where earlier ones ended
    /// at the mark that this one started from, nobody would know what to skip otherwise. So it is
    /// with all that is replayed, as what ends the process may come after others that do not.
    pub(crate) fn came(&self, replay: bool) -> bool {
        let mut state = self.state();
        state.session.as_mut().is_some_and(|kept| {
            let first = !std::mem::replace(&mut kept.tried, true);
            first || kept.starts > 1 && (replay || kept.starts() > 1)
        })
    }

    /// The bot stops. A process that gets as far as this has not been ended by an event, so it does
    /// not count among those that have.
    pub(crate) fn freeze(&self) {
        let mut state = self.state();
        if let Some(kept) = &mut state.session {
            kept.watermark.freeze();
            kept.stopped = true;
            kept.alive = unix(SystemTime::now());
        }
    }

    pub(crate) fn saved(&self) -> Checkpoint {
        let state = self.state();
        let session = state.session.as_ref().map(|kept| SavedSession {
            id: (*kept.id).to_owned(),
            resume_url: kept.resume_url.clone(),
            handled: kept.watermark.handled(),
            received: kept.watermark.newest().max(kept.received),
            starts: kept.starts(),
            alive: kept.alive,
        });
        Checkpoint {
            shard: self.shard,
            session,
            begun: state.begun,
            last_begun: state.last_begun,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Of this mark; once it has moved it is another, from which nobody has started.
    fn starts(&self) -> u32 {
        if self.watermark.handled() > self.from {
            return 0;
        }
        let counts = self.tried && !self.stopped;
        self.starts.saturating_sub(u32::from(!counts))
    }
}

/// Before 1970, and after a clock that went backwards, all is stale or fresh; neither does harm.
pub(crate) fn unix(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(handled: u64, received: u64, starts: u32) -> SavedSession {
        SavedSession {
            id: "sid".to_owned(),
            resume_url: "wss://r".to_owned(),
            handled,
            received,
            starts,
            alive: unix(SystemTime::now()),
        }
    }

    fn next(progress: &Progress) -> SavedSession {
        progress.saved().session.unwrap()
    }

    #[test]
    fn three_starts_that_do_not_move_the_mark_skip_what_lies_behind_it() {
        let now = SystemTime::now();
        let mut session = saved(41, 41, 0);
        for start in 1..=3 {
            assert_eq!(
                session.clone().restore(now),
                Restored::Resume(session.clone())
            );
            let progress = Progress::new(0, (0, 0), Some(&session));
            assert_eq!(next(&progress).starts, start - 1, "nothing has come yet");
            // The event that ends the process.
            progress.watermark().unwrap().received(42);
            assert!(progress.came(false), "the first is always saved");
            assert_eq!(progress.came(false), start > 1);
            session = next(&progress);
            assert_eq!(
                (session.handled, session.received, session.starts),
                (41, 42, start)
            );
        }
        let Restored::Skip { session, skipped } = session.restore(now) else {
            panic!("not skipped")
        };
        assert_eq!((session.handled, session.starts, skipped), (42, 0, 1));
    }

    #[test]
    fn a_mark_that_moves_clears_the_suspicion() {
        let progress = Progress::new(0, (0, 0), Some(&saved(41, 44, 2)));
        assert!(progress.came(false));
        assert_eq!(next(&progress).starts, 3);
        let watermark = progress.watermark().unwrap();
        watermark.received(42);
        watermark.dispatched();
        assert!(!progress.came(false));
        assert!(progress.came(true), "it may be a later one");
        assert_eq!((next(&progress).starts, next(&progress).handled), (0, 42));
        assert_eq!(
            next(&progress).received,
            44,
            "what an earlier process received is not forgotten"
        );
    }

    #[test]
    fn starts_that_are_stopped_in_order_skip_nothing() {
        // As where handlers outlive the time that they get, and the bot is deployed again and again.
        let mut session = saved(41, 44, 1);
        for _ in 0..5 {
            let restored = session.clone().restore(SystemTime::now());
            assert_eq!(restored, Restored::Resume(session.clone()));
            let progress = Progress::new(0, (0, 0), Some(&session));
            progress.watermark().unwrap().received(42);
            assert!(progress.came(true));
            assert_eq!(next(&progress).starts, 2, "it may be ended any time");
            progress.freeze();
            session = next(&progress);
        }
        assert_eq!((session.handled, session.starts), (41, 1));
    }

    #[test]
    fn numbers_that_make_no_sense_do_no_harm() {
        let session = SavedSession {
            alive: u64::MAX,
            ..saved(u64::MAX, 0, u32::MAX)
        };
        assert!(matches!(
            session.clone().restore(SystemTime::now()),
            Restored::Resume(_)
        ));
        let progress = Progress::new(0, (u32::MAX, u64::MAX), Some(&session));
        progress.alive();
        progress.freeze();
        assert_eq!(next(&progress).handled, u64::MAX);
    }

    #[test]
    fn starts_of_a_quiet_bot_skip_nothing() {
        let session = saved(41, 41, 9);
        assert_eq!(
            session.clone().restore(SystemTime::now()),
            Restored::Resume(session)
        );
    }

    #[test]
    fn a_session_of_long_ago_is_stale() {
        let session = saved(1, 1, 0);
        let later = SystemTime::now() + FRESH + Duration::from_secs(2);
        assert_eq!(session.restore(later), Restored::Stale);
    }
}
