//! The shared state of a running sandbox: the world, the gateway, the rate limits and the records.
//!
//! There is one lock. It is held for a moment and never across an await, so that everything happens
//! in one order for everybody. A change of the world becomes dispatches and happenings before the
//! lock is released.

pub(crate) mod happening;
pub(crate) mod log;
pub(crate) mod settings;
pub(crate) mod stage;
pub(crate) mod time;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::gateway::close::Close;
use crate::gateway::connections::{ConnectionId, Ending, Inbox};
use crate::gateway::entrance::Entrance;
use crate::gateway::faults::Acknowledgement;
use crate::gateway::payload::{Identify, Resume, VoiceState};
use crate::gateway::refusal::{self, Refusal, Refusals};
use crate::gateway::socket::Pace;
use crate::gateway::target::Target;
use crate::gateway::{Gateway, Identified};
use crate::hub::happening::{Happening, Happenings};
use crate::hub::log::Log;
use crate::hub::settings::Settings;
use crate::hub::stage::Stage;
use crate::hub::time::Time;
use crate::rest::rate_limit::RateLimits;
use crate::rest::request::Request;
use crate::rest::stubs::Stubs;
use crate::world::World;
use crate::world::journal::Journal;
use crate::world::snowflake::Snowflake;

/// How many happenings may wait for a subscriber.
const HAPPENINGS_CAPACITY: usize = 4096;
const MAX_RECORDS: usize = 10_000;
const MAX_RECORDED_BYTES: usize = 128 << 20;

pub(crate) struct Hub {
    pub(crate) settings: Settings,
    pub(crate) pace: Pace,
    state: Mutex<State>,
    pub(crate) time: Time,
    /// What a bot in this process reports.
    pub(crate) log: Arc<Log>,
    /// Whether the test has failed with a report.
    pub(crate) was_reported: AtomicBool,
    changed: watch::Sender<()>,
    happenings: broadcast::Sender<Happening>,
}

/// Everything that changes.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) gateway: Gateway,
    pub(crate) limits: RateLimits,
    pub(crate) stubs: Stubs,
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
    pub(crate) fn new(
        settings: Settings,
        world: World,
        gateway: Gateway,
        limits: RateLimits,
    ) -> Self {
        let state = State {
            world,
            gateway,
            limits,
            stubs: Stubs::default(),
            requests: Journal::new(MAX_RECORDS, MAX_RECORDED_BYTES),
            payloads: Journal::new(MAX_RECORDS, MAX_RECORDED_BYTES),
            connections: 0,
            connections_to_resume_url: 0,
            refused_connections: 0,
            refusals: Refusals::default(),
            stage: None,
        };
        let (happenings, _) = broadcast::channel(HAPPENINGS_CAPACITY);
        Self {
            settings,
            pace: Pace::default(),
            state: Mutex::new(state),
            time: Time::new(),
            log: Arc::default(),
            was_reported: AtomicBool::new(false),
            changed: watch::Sender::new(()),
            happenings,
        }
    }

    /// Reads the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world, at the current time, and dispatches the events of the change.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World, u64) -> T) -> T {
        self.update(|state, now| change(&mut state.world, now))
    }

    /// Changes anything in the state, and dispatches the events of the world.
    pub(crate) fn update<T>(&self, update: impl FnOnce(&mut State, u64) -> T) -> T {
        let mut state = self.lock();
        let now = self.time.now_millis();
        state.world.pass_time(now);
        let result = update(&mut state, now);
        let bot_id = state.world.bot().id.to_string();
        for event in state.world.take_events() {
            if event.is_dispatched {
                state.gateway.publish(&event, &bot_id);
            }
            if let Some(happening) = Happening::of(event.name, &event.data) {
                self.notify(happening);
            }
        }
        drop(state);
        self.changed.send_replace(());
        result
    }

    /// Lets the world pass its time, and wakes the tasks that wait for a change.
    pub(crate) fn wake(&self) {
        self.change(|_, _| ());
    }

    /// Waits until `look` finds something. It is called now and after every change. Returns `None`
    /// on timeout.
    pub(crate) async fn wait_for<T>(
        &self,
        look: impl Fn(&State) -> Option<T>,
        at_most: Duration,
    ) -> Option<T> {
        let mut changes = self.changes();
        let found = async {
            loop {
                // Marked as seen before the check: a change in between wakes this task again.
                changes.borrow_and_update();
                if let Some(found) = self.look(&look) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        self.time.within(at_most, found).await.flatten()
    }

    pub(crate) fn with_gateway<T>(&self, act: impl FnOnce(&mut Gateway, &World) -> T) -> T {
        let state = &mut *self.lock();
        act(&mut state.gateway, &state.world)
    }

    pub(crate) fn connected(&self, entrance: Entrance) -> (ConnectionId, Inbox) {
        self.tracked(|state, notify| {
            state.count_connection(entrance);
            let to_resume_url = entrance == Entrance::Resume;
            notify(Happening::Connected { to_resume_url });
            state.gateway.connections.open()
        })
    }

    /// Counts a connection that belongs to a script.
    pub(crate) fn connected_to_script(&self, entrance: Entrance) {
        self.tracked(|state, _| state.count_connection(entrance));
    }

    /// Sends all further connections to this script, and no more to the one before it.
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

    /// How the connection that is being opened must be refused, if at all.
    pub(crate) fn refused(&self, entrance: Entrance) -> Option<refusal::Answer> {
        self.tracked(|state, notify| {
            let refused = state.refusals.next(entrance)?;
            state.refused_connections += 1;
            notify(Happening::ConnectionRefused {
                to_resume_url: entrance == Entrance::Resume,
                status: refused.status(),
            });
            Some(refused)
        })
    }

    /// A connection has ended, although its close handshake may still go on.
    pub(crate) fn ended(&self, id: ConnectionId, keep_session: bool, happening: Happening) {
        self.tracked(|state, notify| {
            let sessions = &mut state.gateway.sessions;
            sessions.leave(id, keep_session, Instant::now());
            notify(happening);
        });
    }

    pub(crate) fn closed(&self, id: ConnectionId) {
        self.tracked(|state, _| state.gateway.connections.remove(id));
    }

    /// Whether a session begins.
    pub(crate) fn identify(&self, id: ConnectionId, identify: &Identify) -> Result<bool, Close> {
        self.tracked(|state, notify| {
            let had_token = !state.gateway.token_was_reset;
            let result = state.gateway.identify(id, identify, &state.world);
            match result {
                Ok(Identified::Begun) => notify(Happening::Identified),
                Ok(Identified::Refused { too_early }) => {
                    notify(Happening::IdentifyRefused { too_early });
                }
                Err(_) if had_token && state.gateway.token_was_reset => {
                    notify(Happening::TokenReset);
                }
                Err(_) => {}
            }
            Ok(result? == Identified::Begun)
        })
    }

    /// Connects the bot to voice, or disconnects it. What is impossible is ignored, as on Discord.
    pub(crate) fn connect_to_voice(&self, state: &VoiceState) {
        let guild = Snowflake::parse(&state.guild_id);
        let channel = state.channel_id.as_deref().and_then(Snowflake::parse);
        let is_muted = (state.self_mute, state.self_deaf);
        let _ = self.change(|world, _| {
            let (guild, bot) = (guild?, world.bot().id);
            world.connect(guild, bot, channel, is_muted).ok()
        });
    }

    /// When the heartbeat that has just come must be acknowledged.
    pub(crate) fn heartbeat(
        &self,
        id: ConnectionId,
        seq: Option<u64>,
        gap: Duration,
    ) -> Acknowledgement {
        self.act(|gateway| gateway.heartbeat(id, seq, gap))
    }

    pub(crate) fn has_session(&self, id: ConnectionId) -> bool {
        self.lock().gateway.sessions.of(id).is_some()
    }

    /// Whether the session goes on.
    pub(crate) fn resume(&self, id: ConnectionId, resume: &Resume) -> Result<bool, Close> {
        self.tracked(|state, notify| {
            let replayed = state.gateway.resume(id, resume)?;
            notify(match replayed {
                Some(replayed) => Happening::Resumed { replayed },
                None => Happening::ResumeRefused,
            });
            Ok(replayed.is_some())
        })
    }

    pub(crate) fn send(&self, id: ConnectionId, payload: &Value) {
        self.lock().gateway.send(id, payload);
    }

    pub(crate) fn send_raw(&self, target: Target, text: &str) {
        let text = Utf8Bytes::from(text);
        self.act(|gateway| gateway.connections.send_to(target, &text));
    }

    pub(crate) fn end_connections(&self, target: Target, ending: &Ending) {
        self.act(|gateway| gateway.end(target, ending));
    }

    /// Changes the gateway, and wakes the tasks that wait for a change.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Gateway) -> T) -> T {
        self.tracked(|state, _| act(&mut state.gateway))
    }

    /// Records what a bot sent over the gateway, without its token.
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
        self.tracked(|state, notify| {
            let bytes = request.size();
            state.requests.push(request, bytes);
            notify(happening);
        });
    }

    pub(crate) fn subscribe(&self) -> Happenings {
        Happenings {
            receiver: self.happenings.subscribe(),
        }
    }

    /// Every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Changes the state, publishes its happenings under the same lock, and wakes the tasks that
    /// wait for a change.
    fn tracked<T>(&self, act: impl FnOnce(&mut State, &dyn Fn(Happening)) -> T) -> T {
        let result = act(&mut self.lock(), &|happening| self.notify(happening));
        self.changed.send_replace(());
        result
    }

    fn notify(&self, happening: Happening) {
        // An error means that nobody has subscribed.
        let _ = self.happenings.send(happening);
    }

    /// A panic of another thread in the middle of a change is that thread's failure; the state is
    /// still readable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
