//! Reconnect policy of a shard: when it connects again, and whether it resumes or identifies.
//!
//! Pure: time and chance are arguments. [`ReconnectPolicy::after`] is the only place that decides
//! what follows a disconnect. Whether a permit to identify is free among all shards of the bot is
//! left to [`StartBudget`](crate::gateway::protocol::start_budget::StartBudget).
//!
//! **What follows a disconnect**, if there is a session to resume:
//!
//! | disconnect | next connection | earliest after |
//! |---|---|---|
//! | closed with 4004, 4010 to 4014 | none: `run` ends with an error | |
//! | closed with 4003, 4006, 4007, 4009 | identifies | |
//! | closed with 4008 | resumes | 5 s |
//! | closed with any other code, or with none | resumes | |
//! | lost, malformed payload, opcode 7, no HELLO, no heartbeat acknowledgement | resumes | |
//! | no connection | resumes | `Retry-After`, 5 min at most |
//! | opcode 9 with `true` | resumes | 1 to 5 s |
//! | opcode 9 with anything else | identifies | 1 to 5 s |
//! | no answer to RESUME | resumes; identifies after the second in a row | |
//! | any, for the tenth time in a row without READY or RESUMED, and once more | identifies | |
//!
//! Without a session the next connection identifies (4004, 4010 to 4014 end the bot all the same).
//!
//! **The wait** is the longest of
//!
//! - what the table says,
//! - the backoff: none for the first connection in a row without READY or RESUMED, then a random
//!   part of 2, 4, 8 … 64 s,
//! - 1 to 2 s, if 120 connections ended within the last minute,
//! - if the next connection identifies: 5 s, if the last one sent IDENTIFY and got no READY; and
//!   10, 20, 40 … 300 s, if two, three, four … sessions in a row did not last ten minutes.
//!
//! **The URL** is the session's resume URL if the connection resumes, but after two failed connects
//! in a row the general one. After every fourth Discord is asked again for the general one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::gateway::protocol::close_code::{self, CloseAction};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::session_starts::SessionStarts;
use crate::gateway::protocol::start_budget::IDENTIFY_INTERVAL;

/// The session is given up after more connections in a row without READY or RESUMED.
const MAX_FAILED_CONNECTIONS: u32 = 10;
/// The session is given up after this many unanswered RESUMEs: some servers answer none.
const MAX_UNANSWERED_RESUMES: u32 = 2;
/// The resume URL is given up for the general one after this many failed connects in a row.
const MAX_FAILED_RESUME_URL: u32 = 2;
/// Discord is asked for the general URL after this many failed connects in a row.
const FAILED_CONNECTS_PER_URL: u32 = 4;

/// A session outlives some minutes without a connection, so the backoff is no longer than that.
const MAX_BACKOFF: Duration = Duration::from_secs(64);
/// No server may keep a bot away for longer, by mistake or otherwise.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);
/// Discord grants 1,000 session starts a day and resets the token of a bot that uses more. At this
/// pace there are fewer than 300.
const MAX_START_INTERVAL: Duration = Duration::from_secs(300);
/// A session that was ready for as long is not a failed start.
const LASTING_SESSION: Duration = Duration::from_secs(600);

/// This many connections may end within `RECENT` without a wait; Discord takes as many payloads.
/// RESUMED ends the backoff, so without this bound a bot that sends a payload that Discord closes
/// for would resume in a loop.
const MAX_RECENT_DISCONNECTS: usize = 120;
const RECENT: Duration = Duration::from_secs(60);
/// Beyond it the wait is this, and up to as much again.
const RECENT_DISCONNECTS_WAIT: Duration = Duration::from_secs(1);

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    AwaitingHello,
    /// IDENTIFY was sent.
    Identifying,
    /// RESUME was sent.
    Resuming,
    /// READY or RESUMED was received.
    Ready,
}

/// What comes after a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Next {
    Connect(NextConnection),
    /// Discord closed with this code, and will do so again.
    Stop(u16),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NextConnection {
    pub(crate) handshake: Handshake,
    pub(crate) url: UrlKind,
    pub(crate) wait: Duration,
    /// Ask Discord for the general URL first.
    pub(crate) refresh_url: bool,
}

/// What answers HELLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Identify,
    Resume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlKind {
    /// From `/gateway/bot`.
    General,
    /// From READY.
    Resume,
}

/// Counts what went wrong, and decides what comes next.
#[derive(Debug, Default)]
pub(crate) struct ReconnectPolicy {
    /// Connections in a row without READY or RESUMED.
    failed_connections: u32,
    /// Connections in a row without HELLO that could not even be made.
    failed_connects: u32,
    unanswered_resumes: u32,
    session_starts: SessionStarts,
    /// When the newest connections ended.
    recent: VecDeque<Instant>,
}

impl ReconnectPolicy {
    /// With the count of session starts, which an earlier process may have begun.
    pub(crate) fn new(session_starts: SessionStarts) -> Self {
        Self {
            session_starts,
            ..Self::default()
        }
    }

    /// The first connection, this long after the last session was started.
    pub(crate) fn first(&self, has_session: bool, since_last_start: Duration) -> NextConnection {
        let wait = if has_session {
            Duration::ZERO
        } else {
            start_interval(self.session_starts.count()).saturating_sub(since_last_start)
        };
        self.connection(has_session, wait)
    }

    /// Sessions started since one lasted.
    pub(crate) fn session_starts(&self) -> u32 {
        self.session_starts.count()
    }

    /// IDENTIFY is about to be sent.
    pub(crate) fn session_starting(&mut self) {
        self.session_starts.add();
    }

    /// The session has been ready for this long, so that it may count as one that lasted.
    pub(crate) fn session_ready_for(&mut self, time: Duration) {
        if time >= LASTING_SESSION {
            self.session_starts.reset();
        }
    }

    /// A connection ended that came as far as `phase`; `has_session` tells whether there is a
    /// session to resume. `random` is in `0.0..1.0`.
    pub(crate) fn after(
        &mut self,
        disconnect: Disconnect,
        phase: Phase,
        has_session: bool,
        now: Instant,
        random: f64,
    ) -> Next {
        self.count(disconnect, phase);
        let (keeps_session, at_least) = match rule(disconnect, random) {
            Rule::Stop(code) => return Next::Stop(code),
            Rule::Resume(at_least) => (true, at_least),
            Rule::Identify(at_least) => (false, at_least),
        };
        let has_session = has_session
            && keeps_session
            && self.failed_connections <= MAX_FAILED_CONNECTIONS
            && self.unanswered_resumes < MAX_UNANSWERED_RESUMES;
        let mut wait = at_least
            .max(self.backoff(random))
            .max(self.recent_disconnects_wait(now, random));
        if !has_session {
            self.unanswered_resumes = 0;
            if phase == Phase::Identifying {
                // Discord has counted the IDENTIFY that was not answered.
                wait = wait.max(IDENTIFY_INTERVAL);
            }
            wait = wait.max(start_interval(self.session_starts.count()));
        }
        Next::Connect(self.connection(has_session, wait))
    }

    fn count(&mut self, disconnect: Disconnect, phase: Phase) {
        if phase == Phase::Ready {
            self.failed_connections = 0;
            self.unanswered_resumes = 0;
        }
        if phase != Phase::AwaitingHello {
            self.failed_connects = 0;
        }
        self.failed_connections = self.failed_connections.saturating_add(1);
        match disconnect {
            Disconnect::Unreachable { .. } => {
                self.failed_connects = self.failed_connects.saturating_add(1);
            }
            Disconnect::NoResumed => self.unanswered_resumes += 1,
            _ => {}
        }
    }

    /// Exponential with full jitter, so that many bots that lost Discord together do not come back
    /// together.
    fn backoff(&self, random: f64) -> Duration {
        match self.failed_connections {
            0 | 1 => Duration::ZERO,
            failed => Duration::from_secs(1 << (failed - 1).min(6))
                .min(MAX_BACKOFF)
                .mul_f64(random),
        }
    }

    fn recent_disconnects_wait(&mut self, now: Instant, random: f64) -> Duration {
        while self.recent.len() >= MAX_RECENT_DISCONNECTS {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let oldest = self.recent.front().copied();
        let is_full = self.recent.len() == MAX_RECENT_DISCONNECTS;
        if is_full && oldest.is_some_and(|oldest| now < oldest + RECENT) {
            RECENT_DISCONNECTS_WAIT + RECENT_DISCONNECTS_WAIT.mul_f64(random)
        } else {
            Duration::ZERO
        }
    }

    fn connection(&self, has_session: bool, wait: Duration) -> NextConnection {
        let failed = self.failed_connects;
        let (handshake, url) = match has_session {
            true if failed < MAX_FAILED_RESUME_URL => (Handshake::Resume, UrlKind::Resume),
            true => (Handshake::Resume, UrlKind::General),
            false => (Handshake::Identify, UrlKind::General),
        };
        NextConnection {
            handshake,
            url,
            wait,
            refresh_url: failed > 0 && failed.is_multiple_of(FAILED_CONNECTS_PER_URL),
        }
    }
}

/// One row of the table: what becomes of the session, and the least wait.
enum Rule {
    Resume(Duration),
    Identify(Duration),
    Stop(u16),
}

fn rule(disconnect: Disconnect, random: f64) -> Rule {
    match disconnect {
        Disconnect::Closed(code) => match close_code::action(code) {
            CloseAction::Resume => Rule::Resume(Duration::ZERO),
            CloseAction::ResumeAfter(pause) => Rule::Resume(pause),
            CloseAction::NewSession => Rule::Identify(Duration::ZERO),
            CloseAction::Stop => Rule::Stop(code.unwrap_or_default()),
        },
        Disconnect::Unreachable { retry_after } => {
            Rule::Resume(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
        }
        Disconnect::InvalidSession { resumable } => {
            // Older documentation asked for a random wait of one to five seconds.
            let pause = Duration::from_secs(1) + Duration::from_secs(4).mul_f64(random);
            if resumable {
                Rule::Resume(pause)
            } else {
                Rule::Identify(pause)
            }
        }
        Disconnect::Lost
        | Disconnect::Malformed
        | Disconnect::Reconnect
        | Disconnect::NoHello
        | Disconnect::NoReady
        | Disconnect::NoResumed
        | Disconnect::NoHeartbeatAck => Rule::Resume(Duration::ZERO),
    }
}

/// The least time between two session starts, after this many that did not last.
fn start_interval(session_starts: u32) -> Duration {
    match session_starts {
        0 | 1 => Duration::ZERO,
        starts => (IDENTIFY_INTERVAL * (1 << (starts - 1).min(8))).min(MAX_START_INTERVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Disconnect::{
        Closed, InvalidSession, Lost, Malformed, NoHeartbeatAck, NoHello, NoReady, NoResumed,
        Reconnect, Unreachable,
    };
    use Handshake::{Identify, Resume};
    use Phase::{AwaitingHello, Identifying, Ready, Resuming};

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(session_starts: u32) -> ReconnectPolicy {
        ReconnectPolicy::new(SessionStarts::new(session_starts))
    }

    fn connect(handshake: Handshake, seconds: u64) -> Next {
        Next::Connect(NextConnection {
            handshake,
            url: match handshake {
                Identify => UrlKind::General,
                Resume => UrlKind::Resume,
            },
            wait: SECOND * u32::try_from(seconds).unwrap(),
            refresh_url: false,
        })
    }

    /// The same end again and again, at random numbers of 0.5, a day apart.
    fn again(
        policy: &mut ReconnectPolicy,
        disconnect: Disconnect,
        phase: Phase,
        has_session: bool,
        times: u32,
    ) -> Vec<NextConnection> {
        let start = Instant::now();
        let ends = (0..times).map(|nth| {
            let now = start + SECOND * 86_400 * nth;
            match policy.after(disconnect, phase, has_session, now, 0.5) {
                Next::Connect(next) => next,
                Next::Stop(code) => panic!("stopped with {code}"),
            }
        });
        ends.collect()
    }

    fn seconds(connections: &[NextConnection]) -> Vec<u64> {
        connections.iter().map(|next| next.wait.as_secs()).collect()
    }

    #[test]
    fn every_disconnect_has_its_rule() {
        let retry = |seconds| Unreachable {
            retry_after: Some(SECOND * seconds),
        };
        // Disconnect; after READY; after IDENTIFY without a session before. In both for the first
        // time, at a random number of 0.5.
        let table = [
            (Closed(None), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(1000)), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(1001)), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(1006)), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(4000)), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(4001)), connect(Resume, 0), connect(Identify, 5)),
            (Closed(Some(4002)), connect(Resume, 0), connect(Identify, 5)),
            (
                Closed(Some(4003)),
                connect(Identify, 0),
                connect(Identify, 5),
            ),
            (Closed(Some(4004)), Next::Stop(4004), Next::Stop(4004)),
            (Closed(Some(4005)), connect(Resume, 0), connect(Identify, 5)),
            (
                Closed(Some(4006)),
                connect(Identify, 0),
                connect(Identify, 5),
            ),
            (
                Closed(Some(4007)),
                connect(Identify, 0),
                connect(Identify, 5),
            ),
            (Closed(Some(4008)), connect(Resume, 5), connect(Identify, 5)),
            (
                Closed(Some(4009)),
                connect(Identify, 0),
                connect(Identify, 5),
            ),
            (Closed(Some(4010)), Next::Stop(4010), Next::Stop(4010)),
            (Closed(Some(4011)), Next::Stop(4011), Next::Stop(4011)),
            (Closed(Some(4012)), Next::Stop(4012), Next::Stop(4012)),
            (Closed(Some(4013)), Next::Stop(4013), Next::Stop(4013)),
            (Closed(Some(4014)), Next::Stop(4014), Next::Stop(4014)),
            (Closed(Some(4099)), connect(Resume, 0), connect(Identify, 5)),
            (Lost, connect(Resume, 0), connect(Identify, 5)),
            (NoHello, connect(Resume, 0), connect(Identify, 5)),
            (NoReady, connect(Resume, 0), connect(Identify, 5)),
            (NoResumed, connect(Resume, 0), connect(Identify, 5)),
            (NoHeartbeatAck, connect(Resume, 0), connect(Identify, 5)),
            (Malformed, connect(Resume, 0), connect(Identify, 5)),
            (Reconnect, connect(Resume, 0), connect(Identify, 5)),
            (
                InvalidSession { resumable: true },
                connect(Resume, 3),
                connect(Identify, 5),
            ),
            (
                InvalidSession { resumable: false },
                connect(Identify, 3),
                connect(Identify, 5),
            ),
            (
                Unreachable { retry_after: None },
                connect(Resume, 0),
                connect(Identify, 5),
            ),
            (retry(30), connect(Resume, 30), connect(Identify, 30)),
            (retry(86_400), connect(Resume, 300), connect(Identify, 300)),
        ];
        for (disconnect, with_session, without_session) in table {
            let now = Instant::now();
            let next = policy(1).after(disconnect, Ready, true, now, 0.5);
            assert_eq!(next, with_session, "{disconnect:?} after READY");
            let next = policy(1).after(disconnect, Identifying, false, now, 0.5);
            assert_eq!(next, without_session, "{disconnect:?} after IDENTIFY");
        }
    }

    #[test]
    fn the_identify_window_passes_only_after_an_identify_without_ready() {
        for (phase, wait) in [(AwaitingHello, 0), (Identifying, 5), (Ready, 0)] {
            let next = again(&mut policy(1), Lost, phase, false, 1);
            assert_eq!(seconds(&next), [wait], "{phase:?}");
        }
    }

    #[test]
    fn case_b19_waits_grow_to_a_bound_and_start_over_after_ready() {
        let mut policy = ReconnectPolicy::default();
        let waits = seconds(&again(&mut policy, Lost, AwaitingHello, false, 9));
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 32, 32]);
        let waits = seconds(&again(&mut policy, Lost, Ready, true, 3));
        assert_eq!(waits, [0, 0, 0]);
    }

    #[test]
    fn ten_connections_without_resumed_give_the_session_up() {
        let next = again(&mut ReconnectPolicy::default(), Lost, Resuming, true, 11);
        assert!(next[..10].iter().all(|next| next.handshake == Resume));
        assert_eq!(next[10].handshake, Identify);
    }

    #[test]
    fn two_unanswered_resumes_give_the_session_up() {
        let mut policy = ReconnectPolicy::default();
        let next = again(&mut policy, NoResumed, Resuming, true, 2);
        assert_eq!(next[0].handshake, Resume);
        assert_eq!(next[1].handshake, Identify);
        // The next session has its own two.
        let next = again(&mut policy, NoResumed, Resuming, true, 1);
        assert_eq!(next[0].handshake, Resume);
    }

    #[test]
    fn a_resume_that_was_answered_resets_the_count_of_those_that_were_not() {
        let mut policy = ReconnectPolicy::default();
        for _ in 0..5 {
            let next = again(&mut policy, NoResumed, Resuming, true, 1);
            assert_eq!(next[0].handshake, Resume);
            again(&mut policy, Lost, Ready, true, 1);
        }
    }

    #[test]
    fn failed_connects_lead_to_the_general_url_and_to_a_new_one() {
        let unreachable = Unreachable { retry_after: None };
        let mut policy = ReconnectPolicy::default();
        let next = again(&mut policy, unreachable, AwaitingHello, true, 8);
        let urls: Vec<_> = next.iter().map(|next| next.url).collect();
        assert_eq!(urls[0], UrlKind::Resume);
        assert!(urls[1..].iter().all(|&url| url == UrlKind::General));
        let refreshes = next.iter().map(|next| next.refresh_url);
        let nths: Vec<_> = refreshes.enumerate().filter(|(_, is)| *is).collect();
        assert_eq!(nths, [(3, true), (7, true)]);
        // A connection that got HELLO shows that Discord can be reached.
        let next = again(&mut policy, Lost, Resuming, true, 1);
        assert_eq!((next[0].url, next[0].refresh_url), (UrlKind::Resume, false));
    }

    #[test]
    fn sessions_that_do_not_last_start_at_growing_intervals() {
        let mut policy = ReconnectPolicy::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            policy.session_starting();
            let disconnect = InvalidSession { resumable: false };
            waits.extend(seconds(&again(&mut policy, disconnect, Ready, true, 1)));
        }
        assert_eq!(waits, [3, 10, 20, 40, 80, 160, 300, 300]);
        policy.session_ready_for(SECOND * 599);
        assert_eq!(policy.session_starts(), 8);
        policy.session_ready_for(SECOND * 600);
        assert_eq!(seconds(&again(&mut policy, Lost, Ready, false, 1)), [0]);
    }

    #[test]
    fn the_first_connection_carries_on_from_an_earlier_process() {
        let policy = policy(3);
        assert_eq!(policy.first(true, Duration::ZERO).wait, Duration::ZERO);
        assert_eq!(policy.first(true, Duration::ZERO).handshake, Resume);
        let next = policy.first(false, SECOND * 5);
        assert_eq!((next.handshake, next.wait), (Identify, SECOND * 15));
        assert_eq!(policy.first(false, SECOND * 99).wait, Duration::ZERO);
    }

    #[test]
    fn a_loop_of_resumes_is_slowed_down_and_occasional_ones_are_not() {
        let start = Instant::now();
        let wait =
            |policy: &mut ReconnectPolicy, now| match policy.after(Lost, Ready, true, now, 0.5) {
                Next::Connect(next) => next.wait,
                Next::Stop(code) => panic!("stopped with {code}"),
            };
        let mut policy = ReconnectPolicy::default();
        let without_wait = (0..500).map(|_| wait(&mut policy, start));
        let without_wait = without_wait.take_while(Duration::is_zero).count();
        assert_eq!(without_wait, MAX_RECENT_DISCONNECTS - 1);
        assert_eq!(wait(&mut policy, start), SECOND * 3 / 2);
        let mut policy = ReconnectPolicy::default();
        for nth in 0..1000 {
            let now = start + RECENT * nth / 100;
            assert_eq!(wait(&mut policy, now), Duration::ZERO);
        }
    }
}
