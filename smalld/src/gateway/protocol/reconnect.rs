//! Reconnect policy of a shard: when it connects again, and whether it resumes or identifies.
//!
//! Pure: time and chance are arguments. [`ReconnectPolicy::after`] is the only place that decides
//! what follows a disconnect. When a shard may identify, among all shards of the bot, is decided by
//! [`StartBudget`](crate::gateway::protocol::start_budget::StartBudget).
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

#[cfg(test)]
mod tests;

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

/// This many connections may end within `RECENT` without a wait. RESUMED ends the backoff, so
/// without this bound a bot would resume in a loop if Discord closes the connection because of
/// something that the bot sends.
const MAX_RECENT_DISCONNECTS: usize = 120;
const RECENT: Duration = Duration::from_secs(60);
/// Wait after more disconnects than that; up to as much again is added at random.
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
    /// Creates a policy with the count of session starts, which may include those of an earlier
    /// process.
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
