//! Protocol of one connection: a frame in, queued answers or a reason to disconnect out.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::gateway::close::{self, Close};
use crate::gateway::connections::ConnectionId;
use crate::gateway::faults::Acknowledgement;
use crate::gateway::payload::{self, Payload};
use crate::gateway::send_limit::SendLimit;
use crate::hub::Hub;
use crate::server::connection::Disconnect;

/// How late a heartbeat may be beyond one and a half intervals.
const SLACK: Duration = Duration::from_secs(1);

/// The state of one connection, and what follows from the next frame.
pub(super) struct Conversation<'h> {
    hub: &'h Hub,
    id: ConnectionId,
    authenticated: bool,
    limit: SendLimit,
    /// When the next heartbeat must have come.
    deadline: Instant,
    /// When the last heartbeat was received, or HELLO was sent.
    last_heartbeat: Instant,
    /// When delayed acknowledgements are due. The limit of what a bot may send bounds this queue.
    acks: VecDeque<Instant>,
}

impl<'h> Conversation<'h> {
    pub(super) fn new(hub: &'h Hub, id: ConnectionId) -> Self {
        let interval = hub.settings.heartbeat_interval;
        let now = Instant::now();
        Self {
            hub,
            id,
            authenticated: false,
            limit: SendLimit::new(interval),
            deadline: now + heartbeat_timeout(interval),
            last_heartbeat: now,
            acks: VecDeque::new(),
        }
    }

    pub(super) fn hello(&self) -> serde_json::Value {
        let interval = self.hub.settings.heartbeat_interval.as_millis();
        let interval = u64::try_from(interval).unwrap_or(u64::MAX);
        json!({ "t": null, "s": null, "op": 10, "d": { "heartbeat_interval": interval } })
    }

    /// When there is something to do even if the bot sends nothing.
    pub(super) fn wakes_at(&self) -> Instant {
        let ack = self.acks.front().copied();
        ack.map_or(self.deadline, |ack| ack.min(self.deadline))
    }

    pub(super) fn wake(&mut self, now: Instant) -> ControlFlow<Disconnect> {
        if now >= self.deadline {
            return ControlFlow::Break(Disconnect::ByUs(close::SESSION_TIMED_OUT));
        }
        if self.acks.front().is_some_and(|ack| *ack <= now) {
            self.acks.pop_front();
            self.acknowledge();
        }
        ControlFlow::Continue(())
    }

    pub(super) fn take(
        &mut self,
        frame: Option<Result<Message, Error>>,
    ) -> ControlFlow<Disconnect> {
        let answer = match frame {
            Some(Ok(Message::Text(text))) => self.payload(&text),
            Some(Ok(Message::Binary(_)) | Err(Error::Capacity(_))) => Err(close::DECODE_ERROR),
            Some(Ok(Message::Close(frame))) => return ControlFlow::Break(closed_by_bot(frame)),
            Some(Ok(_)) => Ok(()),
            Some(Err(_)) | None => return ControlFlow::Break(closed_by_bot(None)),
        };
        answer.map_or_else(
            |close| ControlFlow::Break(Disconnect::ByUs(close)),
            ControlFlow::Continue,
        )
    }

    fn payload(&mut self, text: &str) -> Result<(), Close> {
        if !self.limit.admit(Instant::now()) {
            return Err(close::RATE_LIMITED);
        }
        let json = payload::decode(text)?;
        self.hub.record_payload(&json);
        let payload = Payload::read(&json)?;
        if !matches!(payload, Payload::Heartbeat(_)) {
            self.check_order(&payload)?;
        }
        self.answer(payload)
    }

    /// IDENTIFY or RESUME must come first, and only once.
    fn check_order(&self, payload: &Payload) -> Result<(), Close> {
        let authenticates = matches!(payload, Payload::Identify(_) | Payload::Resume(_));
        match (self.authenticated, authenticates) {
            (true, true) if self.hub.has_session(self.id) => Err(close::ALREADY_AUTHENTICATED),
            (false, false) => Err(close::NOT_AUTHENTICATED),
            _ => Ok(()),
        }
    }

    fn answer(&mut self, payload: Payload) -> Result<(), Close> {
        match payload {
            Payload::Heartbeat(seq) => self.heartbeat(seq, Instant::now()),
            Payload::Identify(identify) => {
                self.authenticated = self.hub.identify(self.id, &identify)?;
            }
            Payload::Resume(resume) => self.authenticated = self.hub.resume(self.id, &resume)?,
            Payload::RequestMembers(request) => self.hub.with_gateway(|gateway, world| {
                gateway.request_members(self.id, &request, world);
            }),
            Payload::RequestSounds(guilds) => self.hub.with_gateway(|gateway, world| {
                gateway.request_sounds(self.id, &guilds, world);
            }),
            Payload::RequestChannelInfo(guild) => self.hub.with_gateway(|gateway, world| {
                gateway.request_channel_info(self.id, &guild, world);
            }),
            Payload::VoiceState(state) => self.hub.connect_to_voice(&state),
            Payload::Unanswered => {}
        }
        Ok(())
    }

    fn heartbeat(&mut self, seq: Option<u64>, now: Instant) {
        let gap = now - self.last_heartbeat;
        self.last_heartbeat = now;
        self.deadline = now + heartbeat_timeout(self.hub.settings.heartbeat_interval);
        match self.hub.heartbeat(self.id, seq, gap) {
            Acknowledgement::AtOnce => self.acknowledge(),
            Acknowledgement::After(delay) => self.acks.push_back(now + delay),
            Acknowledgement::Never => {}
        }
    }

    fn acknowledge(&self) {
        let ack = json!({ "t": null, "s": null, "op": 11, "d": null });
        self.hub.send(self.id, &ack);
    }
}

/// How long a bot may be silent after a heartbeat.
fn heartbeat_timeout(interval: Duration) -> Duration {
    interval + interval / 2 + SLACK
}

fn closed_by_bot(frame: Option<CloseFrame>) -> Disconnect {
    let code = frame.as_ref().map(|frame| frame.code.into());
    let reason = frame
        .map(|frame| frame.reason.to_string())
        .unwrap_or_default();
    Disconnect::ByBot { code, reason }
}
