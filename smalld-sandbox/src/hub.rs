//! Where the world, the gateway and those who watch meet. There is one lock; it is held for a
//! moment and never across an await, so that everything happens in one order for everybody.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::gateway::{
    Acknowledgement, Allowance, Close, ConnectionId, Ending, Gateway, Identified, Identify, Inbox,
    Pace, Resume, Whom,
};
use crate::happening::{Happening, Happenings};
use crate::journal::Journal;
use crate::refusal::{self, Refusal, Refusals};
use crate::replay::Replay;
use crate::request::Request;
use crate::rest::RateLimits;
use crate::script::Stage;
use crate::timestamp;
use crate::world::World;

/// How many happenings may wait for one who watches.
const MOST_HAPPENINGS: usize = 4096;
const MOST_RECORDS: usize = 10_000;
const MOST_RECORDED_BYTES: usize = 128 << 20;

/// What does not change while the sandbox runs.
pub(crate) struct Settings {
    pub(crate) token: String,
    pub(crate) heartbeat_interval: Duration,
    pub(crate) granted_intents: u64,
    pub(crate) global_limit: u32,
    /// How many shards are recommended.
    pub(crate) shards: u64,
    pub(crate) allowance: Allowance,
    pub(crate) replay: Replay,
    pub(crate) base_url: String,
    pub(crate) gateway_url: String,
    pub(crate) resume_url: String,
}

/// Through which of the two addresses a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    General,
    Resume,
}

pub(crate) struct Hub {
    pub(crate) settings: Settings,
    pub(crate) pace: Pace,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    happenings: broadcast::Sender<Happening>,
}

/// All that changes.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) limits: RateLimits,
    pub(crate) requests: Journal<Request>,
    pub(crate) payloads: Journal<Value>,
    pub(crate) connections: usize,
    pub(crate) connections_to_resume_url: usize,
    pub(crate) refused_connections: usize,
    refusals: Refusals,
    stage: Option<Stage>,
}

impl State {
    fn count_connection(&mut self, entrance: Entrance) {
        self.connections += 1;
        self.connections_to_resume_url += usize::from(entrance == Entrance::Resume);
    }
}

impl Hub {
    pub(crate) fn new(settings: Settings, world: World) -> Self {
        let state = State {
            world,
            gateway: Gateway::new(settings.allowance.clone()),
            limits: RateLimits::new(settings.global_limit),
            requests: Journal::new(MOST_RECORDS, MOST_RECORDED_BYTES),
            payloads: Journal::new(MOST_RECORDS, MOST_RECORDED_BYTES),
            connections: 0,
            connections_to_resume_url: 0,
            refused_connections: 0,
            refusals: Refusals::default(),
            stage: None,
        };
        let (happenings, _) = broadcast::channel(MOST_HAPPENINGS);
        Self {
            settings,
            pace: Pace::default(),
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
            happenings,
        }
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world, at this time, and tells everybody what happened.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World, u64) -> T) -> T {
        let mut state = self.lock();
        let outcome = change(&mut state.world, timestamp::now_millis());
        let bot_id = state.world.bot().id.to_string();
        for event in state.world.take_events() {
            state.gateway.publish(&event, &bot_id);
            if let Some(happening) = Happening::of(event.name, &event.data) {
                self.tell(happening);
            }
        }
        drop(state);
        self.changed.send_replace(());
        outcome
    }

    pub(crate) fn with_gateway<T>(&self, act: impl FnOnce(&mut Gateway, &World) -> T) -> T {
        let state = &mut *self.lock();
        act(&mut state.gateway, &state.world)
    }

    pub(crate) fn with_limits<T>(&self, act: impl FnOnce(&mut RateLimits) -> T) -> T {
        act(&mut self.lock().limits)
    }

    pub(crate) fn connected(&self, entrance: Entrance) -> (ConnectionId, Inbox) {
        self.tracked(|state, tell| {
            state.count_connection(entrance);
            let to_resume_url = entrance == Entrance::Resume;
            tell(Happening::Connected { to_resume_url });
            state.gateway.connections.open()
        })
    }

    /// Counts one that is not the sandbox's own business.
    pub(crate) fn connected_to_script(&self, entrance: Entrance) {
        self.tracked(|state, _| state.count_connection(entrance));
    }

    /// From now on connections go to this script; to the one before it, no more.
    pub(crate) fn set_stage(&self, stage: Stage) {
        self.lock().stage = Some(stage);
    }

    /// The script that connections go to, if there is one.
    pub(crate) fn stage(&self) -> Option<Stage> {
        self.look(|state| state.stage.clone().filter(|stage| !stage.has_ended()))
    }

    pub(crate) fn refuse_connections(&self, refusal: Refusal, times: usize) {
        self.lock().refusals.plan(refusal, times);
    }

    /// How the connection that is just being opened is to be refused, if it is.
    pub(crate) fn refused(&self, entrance: Entrance) -> Option<refusal::Answer> {
        self.tracked(|state, tell| {
            let refused = state.refusals.next(entrance)?;
            state.refused_connections += 1;
            tell(Happening::ConnectionRefused {
                to_resume_url: entrance == Entrance::Resume,
                status: refused.status(),
            });
            Some(refused)
        })
    }

    /// A connection has come to its end, though it may still be saying goodbye.
    pub(crate) fn ended(&self, id: ConnectionId, keep_session: bool, happening: Happening) {
        self.tracked(|state, tell| {
            state
                .gateway
                .sessions
                .leave(id, keep_session, Instant::now());
            tell(happening);
        });
    }

    pub(crate) fn closed(&self, id: ConnectionId) {
        self.tracked(|state, _| state.gateway.connections.remove(id));
    }

    /// Whether a session begins.
    pub(crate) fn identify(&self, id: ConnectionId, identify: &Identify) -> Result<bool, Close> {
        self.tracked(|state, tell| {
            let had_token = !state.gateway.token_was_reset;
            let outcome = state
                .gateway
                .identify(id, identify, &state.world, &self.settings);
            match outcome {
                Ok(Identified::Begun) => tell(Happening::Identified),
                Ok(Identified::Refused { too_early }) => {
                    tell(Happening::IdentifyRefused { too_early });
                }
                Err(_) if had_token && state.gateway.token_was_reset => {
                    tell(Happening::TokenReset);
                }
                Err(_) => {}
            }
            Ok(outcome? == Identified::Begun)
        })
    }

    /// Says when the heartbeat that has just come is to be acknowledged.
    pub(crate) fn heartbeat(
        &self,
        id: ConnectionId,
        seq: Option<u64>,
        gap: Duration,
    ) -> Acknowledgement {
        self.act(|gateway| gateway.heartbeat(id, seq, gap, self.settings.replay))
    }

    pub(crate) fn has_session(&self, id: ConnectionId) -> bool {
        self.lock().gateway.sessions.of(id).is_some()
    }

    /// Whether the session goes on.
    pub(crate) fn resume(&self, id: ConnectionId, resume: &Resume) -> Result<bool, Close> {
        self.tracked(|state, tell| {
            let replayed = state.gateway.resume(id, resume, &self.settings)?;
            tell(match replayed {
                Some(replayed) => Happening::Resumed { replayed },
                None => Happening::ResumeRefused,
            });
            Ok(replayed.is_some())
        })
    }

    pub(crate) fn send(&self, id: ConnectionId, payload: &Value) {
        self.lock().gateway.send(id, payload);
    }

    pub(crate) fn send_raw(&self, whom: Whom, text: &str) {
        let text = Utf8Bytes::from(text);
        self.act(|gateway| gateway.connections.send_to(whom, &text));
    }

    pub(crate) fn end_connections(&self, whom: Whom, ending: &Ending) {
        self.act(|gateway| gateway.end(whom, ending));
    }

    /// Does something to the gateway, and wakes those who wait for it.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Gateway) -> T) -> T {
        self.tracked(|state, _| act(&mut state.gateway))
    }

    /// Remembers what a bot sent, without its token.
    pub(crate) fn record_payload(&self, payload: &Value) {
        let mut payload = payload.clone();
        if let Some(token) = payload.pointer_mut("/d/token") {
            *token = json!("[withheld]");
        }
        let bytes = payload.to_string().len();
        self.tracked(|state, _| state.payloads.push(payload, bytes));
    }

    pub(crate) fn record_request(&self, request: Request) {
        let happening = Happening::RequestAnswered {
            method: request.method.clone(),
            path: request.path.clone(),
            status: request.status,
        };
        self.tracked(|state, tell| {
            let bytes = request.size();
            state.requests.push(request, bytes);
            tell(happening);
        });
    }

    pub(crate) fn subscribe(&self) -> Happenings {
        Happenings {
            receiver: self.happenings.subscribe(),
        }
    }

    /// Sees every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Changes the state, tells of it in the same breath, and wakes those who wait.
    fn tracked<T>(&self, act: impl FnOnce(&mut State, &dyn Fn(Happening)) -> T) -> T {
        let outcome = act(&mut self.lock(), &|happening| self.tell(happening));
        self.changed.send_replace(());
        outcome
    }

    fn tell(&self, happening: Happening) {
        // Without anybody who watches there is nobody to tell.
        let _ = self.happenings.send(happening);
    }

    /// A panic of another thread in the middle of a change is that thread's failure; the state is
    /// still worth reading.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
