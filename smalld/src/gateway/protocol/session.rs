//! State machine of a gateway session: what a payload means, and how it is answered.
//!
//! Pure: no sockets, and time and randomness are arguments. The [`ReconnectPolicy`] decides what
//! follows a disconnect; the session only drops its state if it cannot be resumed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::event::envelope::Envelope;
use crate::event::intents::Intents;
use crate::gateway::protocol::close_code;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::hello::Hello;
use crate::gateway::protocol::ready::Ready;
use crate::gateway::protocol::reconnect::{
    Handshake, Next, NextConnection, Phase, ReconnectPolicy,
};
use crate::token::Token;

/// Contents of IDENTIFY.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) token: Token,
    pub(crate) intents: Intents,
    pub(crate) shard: (u32, u32),
    /// Merged into IDENTIFY's `d`.
    pub(crate) extra: Map<String, Value>,
}

/// One shard's session with Discord, over any number of connections.
#[derive(Debug)]
pub(crate) struct Session {
    identity: Identity,
    /// Set from READY on, until the session is lost.
    resumable: Option<ResumableSession>,
    phase: Phase,
    /// The newest sequence number.
    seq: Option<u64>,
}

#[derive(Debug)]
struct ResumableSession {
    id: Arc<str>,
    resume_url: String,
    /// The newest sequence number that an earlier process received. Everything up to it is a replay,
    /// even a READY or RESUMED, which then starts nothing.
    received_before: u64,
}

/// A session of an earlier process that is to be resumed.
#[derive(Clone, Debug)]
pub(crate) struct EarlierSession {
    pub(crate) id: Arc<str>,
    pub(crate) resume_url: String,
    /// The session is resumed after the event with this sequence number.
    pub(crate) handled: u64,
    /// The newest number that the earlier process received.
    pub(crate) received: u64,
}

/// What the shard's task has to do about a payload.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    Nothing,
    /// HELLO: send heartbeats at this interval, and this IDENTIFY or RESUME.
    Handshake {
        interval: Duration,
        handshake: Handshake,
        payload: HandshakePayload,
    },
    /// Discord asks for a heartbeat now.
    Heartbeat,
    HeartbeatAck,
    /// Deliver this event.
    Dispatch {
        replay: bool,
        /// Set if this event makes the session ready.
        started: Option<Started>,
    },
    /// Leave this connection.
    Disconnect(Disconnect),
    /// Leave this connection: HELLO or READY cannot be used, for this reason.
    Unusable(String),
}

/// IDENTIFY or RESUME. `Debug` does not show the payload, because it holds the token.
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

/// How a session became ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// By READY.
    New(Ready),
    /// By RESUMED.
    Resumed,
}

impl Session {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            resumable: None,
            phase: Phase::AwaitingHello,
            seq: None,
        }
    }

    /// Starts with the session of an earlier process, if there is one to resume.
    pub(crate) fn restored(identity: Identity, earlier: Option<EarlierSession>) -> Self {
        let seq = earlier.as_ref().map(|session| session.handled);
        let resumable = earlier.map(|session| ResumableSession {
            id: session.id,
            resume_url: session.resume_url,
            received_before: session.received,
        });
        Self {
            resumable,
            seq,
            ..Self::new(identity)
        }
    }

    /// The phase of the current connection.
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether there is a session to resume.
    pub(crate) fn is_resumable(&self) -> bool {
        self.resumable.is_some()
    }

    pub(crate) fn id(&self) -> Option<Arc<str>> {
        let session = self.resumable.as_ref();
        session.map(|session| Arc::clone(&session.id))
    }

    pub(crate) fn resume_url(&self) -> Option<&str> {
        let session = self.resumable.as_ref();
        session.map(|session| &*session.resume_url)
    }

    /// The sequence number that heartbeats carry.
    pub(crate) fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// The event that was received last is malformed: it counts as not received. `before` is the newest
    /// sequence number before it.
    pub(crate) fn withdraw(&mut self, before: Option<u64>) {
        self.seq = before;
    }

    /// Processes a payload.
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
            11 => Step::HeartbeatAck,
            _ => Step::Nothing,
        }
    }

    fn hello(&mut self, envelope: &Envelope<'_>) -> Step {
        if self.phase != Phase::AwaitingHello {
            return Step::Nothing;
        }
        let hello = match Hello::parse(envelope.d()) {
            Ok(hello) => hello,
            Err(reason) => return Step::Unusable(format!("unusable HELLO: {reason}")),
        };
        let (handshake, payload) = match &self.resumable {
            Some(session) => (Handshake::Resume, self.resume(session)),
            None => (Handshake::Identify, self.identify()),
        };
        match handshake {
            Handshake::Resume => self.phase = Phase::Resuming,
            Handshake::Identify => {
                self.phase = Phase::Identifying;
                // A stale number must not reach a new session's heartbeats.
                self.seq = None;
            }
        }
        Step::Handshake {
            interval: hello.heartbeat_interval,
            handshake,
            payload: HandshakePayload(payload),
        }
    }

    fn resume(&self, session: &ResumableSession) -> Value {
        let token = self.identity.token.expose();
        json!({"op": 6, "d": {"token": token, "session_id": *session.id, "seq": self.seq}})
    }

    fn identify(&self) -> Value {
        let (id, count) = self.identity.shard;
        let mut d = json!({
            "token": self.identity.token.expose(),
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
        let is_resuming = self.phase == Phase::Resuming;
        let received_before = is_resuming && self.was_received_before(envelope);
        let started = match envelope.t() {
            Some("READY") => match Ready::parse(envelope.d()) {
                Err(reason) => return Step::Unusable(format!("unusable READY: {reason}")),
                Ok(ready) if received_before && self.is_of(&ready) => None,
                Ok(ready) => Some(self.ready(ready)),
            },
            Some("RESUMED") if !received_before => Some(Started::Resumed),
            _ => None,
        };
        if started.is_some() {
            self.phase = Phase::Ready;
        }
        Step::Dispatch {
            replay: is_resuming && started.is_none(),
            started,
        }
    }

    fn was_received_before(&self, envelope: &Envelope<'_>) -> bool {
        let before = self.resumable.as_ref().map(|it| it.received_before);
        before.is_some_and(|before| envelope.s.is_some_and(|seq| seq <= before))
    }

    fn is_of(&self, ready: &Ready) -> bool {
        let session = self.resumable.as_ref();
        session.is_some_and(|session| session.id == ready.session_id)
    }

    fn ready(&mut self, ready: Ready) -> Started {
        self.resumable = Some(ResumableSession {
            id: Arc::clone(&ready.session_id),
            resume_url: ready.resume_gateway_url.clone(),
            received_before: 0,
        });
        Started::New(ready)
    }

    /// A connection ended. Asks the policy what comes next, and forgets the session if it is not
    /// resumed. `random` is in `0.0..1.0`.
    ///
    /// # Errors
    ///
    /// If Discord closed with a code after which no connection can succeed.
    pub(crate) fn ended(
        &mut self,
        disconnect: Disconnect,
        policy: &mut ReconnectPolicy,
        now: Instant,
        random: f64,
    ) -> Result<NextConnection, Error> {
        let phase = std::mem::replace(&mut self.phase, Phase::AwaitingHello);
        let has_session = self.is_resumable();
        let next = match policy.after(disconnect, phase, has_session, now, random) {
            Next::Connect(next) => next,
            Next::Stop(code) => return Err(self.closed_for_good(code)),
        };
        if next.handshake == Handshake::Identify {
            self.resumable = None;
            self.seq = None;
        }
        Ok(next)
    }

    fn closed_for_good(&self, code: u16) -> Error {
        let intents = self.identity.intents;
        let subject = match code {
            4010 => format!("shard {:?}", self.identity.shard),
            4014 => (intents & Intents::privileged()).to_string(),
            _ => format!("{} ({intents})", intents.bits()),
        };
        let text = close_code::explanation(code, &subject);
        Error::closed(Some(code), self.identity.shard, text)
    }
}

#[cfg(test)]
mod tests;
