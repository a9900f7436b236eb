//! The state machine of a session: which frame means what, what to send, when to resume, to
//! identify, to wait or to stop. Pure: no socket and no clock; chance comes in as an argument.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::event::envelope::Envelope;
use crate::event::intents::Intents;
use crate::gateway::protocol::backoff::Backoff;
use crate::gateway::protocol::close_code::{self, CloseAction};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::session_starts::SessionStarts;
use crate::gateway::protocol::start_budget::IDENTIFY_WINDOW;
use crate::token::Token;

/// After so many connections in a row that came to nothing the session is given up.
const MOST_FRUITLESS: u32 = 10;
/// After so many failed connects Discord is asked where its gateway is.
const FAILED_PER_ADDRESS: u32 = 4;
/// After so many failed connects the resume URL is given up for the general one.
const MOST_FAILED_RESUME_URL: u32 = 2;
/// The longest wait between sessions that come to nothing. Discord grants 1,000 starts a day and
/// resets the token of a bot that takes more; at this pace there are not 300.
const LONGEST_BETWEEN_STARTS: Duration = Duration::from_secs(300);

/// What IDENTIFY says.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) token: Token,
    pub(crate) intents: Intents,
    pub(crate) shard: (u32, u32),
    /// Merged into IDENTIFY's `d`.
    pub(crate) extra: Map<String, Value>,
}

/// One shard's session with Discord, over as many connections as it takes.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Identity,
    /// What READY told; thrown away together.
    live: Option<Live>,
    phase: Phase,
    /// The newest sequence number of this connection or session.
    seq: Option<u64>,
    backoff: Backoff,
    failed_connects: u32,
    /// How many sessions were begun since one lasted.
    starts: SessionStarts,
}

#[derive(Debug)]
struct Live {
    id: Arc<str>,
    resume_url: String,
    /// What an earlier process had received of it. If that comes again, be it the READY or RESUMED
    /// of then, it is a replay and starts nothing.
    received_before: u64,
}

/// A session of an earlier process, which is to be resumed.
#[derive(Clone, Debug)]
pub(crate) struct EarlierSession {
    pub(crate) id: Arc<str>,
    pub(crate) resume_url: String,
    /// It is resumed after the event with this number.
    pub(crate) handled: u64,
    /// The newest number that the earlier process received.
    pub(crate) received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    AwaitingHello,
    Identifying,
    Resuming,
    Ready,
}

/// What a session has to know of READY.
#[derive(Deserialize)]
struct Ready {
    session_id: String,
    resume_gateway_url: String,
}

impl Ready {
    fn read(envelope: &Envelope<'_>) -> Option<Self> {
        serde_json::from_str(envelope.d()).ok()
    }
}

/// What a frame asks of the loop around it.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Nothing,
    /// HELLO came: beat at this interval, and send this IDENTIFY or RESUME.
    Handshake {
        interval: Duration,
        payload: HandshakePayload,
    },
    /// Discord wants a heartbeat at once.
    Heartbeat,
    Acknowledged,
    /// A dispatch to hand on.
    Dispatch {
        replay: bool,
        /// Whether the session is ready with it.
        started: Option<Started>,
    },
    /// Leave this connection.
    Disconnect(Disconnect),
}

/// IDENTIFY or RESUME, which hold the token: it does not show it.
#[derive(PartialEq)]
pub(crate) struct HandshakePayload(Value);

impl HandshakePayload {
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for HandshakePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandshakePayload(op {})", self.0["op"])
    }
}

/// How a session came to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// By READY.
    New,
    /// By RESUMED.
    Resumed,
}

impl Session {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            live: None,
            phase: Phase::AwaitingHello,
            seq: None,
            backoff: Backoff::default(),
            failed_connects: 0,
            starts: SessionStarts::default(),
        }
    }

    /// With the session that an earlier process saved, which is resumed from its watermark, and the
    /// number of session starts.
    pub(crate) fn restored(
        identity: Identity,
        saved: Option<EarlierSession>,
        starts: SessionStarts,
    ) -> Self {
        let seq = saved.as_ref().map(|session| session.handled);
        let live = saved.map(|session| Live {
            id: session.id,
            resume_url: session.resume_url,
            received_before: session.received,
        });
        Self {
            live,
            seq,
            starts,
            ..Self::new(identity)
        }
    }

    /// How long the first connection has to wait, so long after a session was begun by an earlier
    /// process.
    pub(crate) fn first_wait(&self, since_last: Duration) -> Duration {
        if self.live.is_some() {
            return Duration::ZERO;
        }
        between_starts(self.starts.count()).saturating_sub(since_last)
    }

    /// How many sessions were begun since one lasted.
    pub(crate) fn starts(&self) -> u32 {
        self.starts.count()
    }

    /// Whether Discord is asked to resume and has not answered.
    pub(crate) fn is_resuming(&self) -> bool {
        self.phase == Phase::Resuming
    }

    /// So many connects in a row have failed that the address itself is in doubt.
    pub(crate) fn doubts_address(&self) -> bool {
        self.failed_connects > 0 && self.failed_connects.is_multiple_of(FAILED_PER_ADDRESS)
    }

    /// The session has lasted long enough to say that beginning it was not in vain.
    pub(crate) fn lasted(&mut self) {
        self.starts.reset();
    }

    /// Begins a connection; gives the URL to connect to where it is not the general one.
    pub(crate) fn connect(&mut self) -> Option<&str> {
        self.phase = Phase::AwaitingHello;
        let live = self
            .live
            .as_ref()
            .filter(|_| self.failed_connects < MOST_FAILED_RESUME_URL)?;
        Some(&live.resume_url)
    }

    /// Whether the next connection will IDENTIFY, which Discord counts, or RESUME, which it does not.
    pub(crate) fn will_identify(&self) -> bool {
        self.live.is_none()
    }

    /// The id of the session, once it is ready.
    pub(crate) fn id(&self) -> Option<Arc<str>> {
        self.live.as_ref().map(|live| Arc::clone(&live.id))
    }

    /// Where READY said to resume.
    pub(crate) fn resume_url(&self) -> Option<&str> {
        self.live.as_ref().map(|live| &*live.resume_url)
    }

    /// What a heartbeat carries.
    pub(crate) fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// Takes a payload in.
    pub(crate) fn received(&mut self, envelope: &Envelope<'_>) -> Step {
        match envelope.op {
            0 => self.dispatched(envelope),
            1 => Step::Heartbeat,
            7 => Step::Disconnect(Disconnect::Reconnect),
            // Anything but a plain `true` counts as false.
            9 => Step::Disconnect(Disconnect::InvalidSession {
                resumable: envelope.d() == "true",
            }),
            10 => self.hello(envelope),
            11 => Step::Acknowledged,
            _ => Step::Nothing,
        }
    }

    fn hello(&mut self, envelope: &Envelope<'_>) -> Step {
        #[derive(Deserialize)]
        struct Hello {
            heartbeat_interval: u64,
        }
        let Ok(hello) = serde_json::from_str::<Hello>(envelope.d()) else {
            return Step::Disconnect(Disconnect::Malformed);
        };
        if self.phase != Phase::AwaitingHello || hello.heartbeat_interval == 0 {
            return Step::Nothing;
        }
        self.failed_connects = 0;
        let payload = HandshakePayload(self.handshake_payload());
        Step::Handshake {
            interval: Duration::from_millis(hello.heartbeat_interval),
            payload,
        }
    }

    fn handshake_payload(&mut self) -> Value {
        let token = self.identity.token.expose();
        if let Some(live) = &self.live {
            self.phase = Phase::Resuming;
            return json!({"op": 6, "d": {"token": token, "session_id": *live.id, "seq": self.seq}});
        }
        self.phase = Phase::Identifying;
        self.starts.add();
        // A stale number must not reach a new session's heartbeats.
        self.seq = None;
        let (id, count) = self.identity.shard;
        let mut d = json!({
            "token": token,
            "properties": {"os": std::env::consts::OS, "browser": "smalld", "device": "smalld"},
            "intents": self.identity.intents.bits(),
            "shard": [id, count],
        });
        for (key, value) in &self.identity.extra {
            d[key] = value.clone();
        }
        json!({"op": 2, "d": d})
    }

    fn dispatched(&mut self, envelope: &Envelope<'_>) -> Step {
        if envelope.s.is_some() {
            self.seq = envelope.s;
        }
        let replay = self.phase == Phase::Resuming;
        let again = replay && self.was_received_before(envelope);
        let started = match envelope.t() {
            Some("READY") => match Ready::read(envelope) {
                None => return Step::Disconnect(Disconnect::Malformed),
                Some(ready) if again && self.is_of(&ready) => None,
                Some(ready) => Some(self.ready(ready)),
            },
            Some("RESUMED") if !again => Some(Started::Resumed),
            _ => None,
        };
        if started.is_some() {
            self.phase = Phase::Ready;
            self.backoff.reset();
        }
        Step::Dispatch {
            replay: replay && started.is_none(),
            started,
        }
    }

    fn was_received_before(&self, envelope: &Envelope<'_>) -> bool {
        let before = self.live.as_ref().map(|live| live.received_before);
        before.is_some_and(|before| envelope.s.is_some_and(|seq| seq <= before))
    }

    fn is_of(&self, ready: &Ready) -> bool {
        let live = self.live.as_ref();
        live.is_some_and(|live| *live.id == *ready.session_id)
    }

    fn ready(&mut self, ready: Ready) -> Started {
        self.live = Some(Live {
            id: ready.session_id.into(),
            resume_url: ready.resume_gateway_url,
            received_before: 0,
        });
        Started::New
    }

    /// Decides what comes after a connection: how long to wait before the next one, or that
    /// nothing will help. `random` is in `0.0..1.0`.
    pub(crate) fn ended(&mut self, end: Disconnect, random: f64) -> Result<Duration, Error> {
        let mut at_least = Duration::ZERO;
        match end {
            Disconnect::Closed(code) => match close_code::action(code) {
                CloseAction::Resume => {}
                CloseAction::ResumeAfter(pause) => at_least = pause,
                CloseAction::NewSession => self.forget(),
                CloseAction::Stop => return Err(self.stopped(code)),
            },
            Disconnect::Unreachable { retry_after } => {
                self.failed_connects += 1;
                at_least = retry_after.unwrap_or_default();
            }
            Disconnect::InvalidSession { resumable } => {
                if !resumable {
                    self.forget();
                }
                // Older documentation asked for a random wait of one to five seconds.
                at_least = Duration::from_secs(1) + Duration::from_secs(4).mul_f64(random);
            }
            Disconnect::Lost
            | Disconnect::Silent
            | Disconnect::Malformed
            | Disconnect::Reconnect => {}
        }
        let wait = self.backoff.next(random);
        if self.backoff.attempts() > MOST_FRUITLESS {
            self.forget();
        }
        if self.live.is_none() && self.phase == Phase::Identifying {
            // The identify that just failed was counted; the window must pass before the next.
            at_least = at_least.max(IDENTIFY_WINDOW);
        }
        if self.live.is_none() {
            at_least = at_least.max(between_starts(self.starts.count()));
        }
        Ok(wait.max(at_least))
    }

    fn forget(&mut self) {
        self.live = None;
        self.seq = None;
    }

    fn stopped(&self, code: Option<u16>) -> Error {
        let intents = self.identity.intents;
        let named = match code {
            Some(4010) => format!("shard {:?}", self.identity.shard),
            Some(4014) => (intents & Intents::privileged()).to_string(),
            _ => format!("{} ({intents})", intents.bits()),
        };
        let text = close_code::explanation(code.unwrap_or_default(), &named);
        Error::closed(code, self.identity.shard, text)
    }
}

/// The least wait before a session is begun, after so many that did not last: none after the first,
/// then 10, 20, 40 seconds and so on.
fn between_starts(starts: u32) -> Duration {
    match starts {
        0 | 1 => Duration::ZERO,
        _ => (IDENTIFY_WINDOW * (1 << (starts - 1).min(8))).min(LONGEST_BETWEEN_STARTS),
    }
}

#[cfg(test)]
mod tests;
