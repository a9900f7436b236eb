//! The gateway, without sockets: sessions, the queues of their connections, and the protocol's rules.
//!
//! A text from a bot becomes a `payload`. IDENTIFY passes `identify_limit` and begins a `session`,
//! which numbers and remembers dispatches and sends them to the queue of a connection. Tests cause
//! `faults` and `refusal`s.

pub(crate) mod close;
pub(crate) mod compression;
pub(crate) mod connections;
pub(crate) mod entrance;
pub(crate) mod faults;
pub(crate) mod identify_limit;
pub(crate) mod payload;
pub(crate) mod refusal;
pub(crate) mod replay;
mod requests;
pub(crate) mod send_limit;
pub(crate) mod session;
pub(crate) mod socket;
pub(crate) mod target;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use close::Close;
use connections::{ConnectionId, Connections, Ending};
use faults::{Acknowledgement, Faults, invalid_session};
use identify_limit::{Allowance, IdentifyLimit, StartsLeft, Verdict};
use payload::{Identify, Resume};
use replay::Replay;
use session::{Resumption, Sessions};
use target::Target;

use crate::world::intents;
use crate::world::journal::Journal;
use crate::world::token;
use crate::world::{Event, Guild, World};

/// How many times of IDENTIFY are recorded.
const MAX_IDENTIFY_TIMES: usize = 10_000;

/// The state of the gateway. None of its methods waits.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) connections: Connections,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    pub(crate) too_early_identifies: usize,
    /// Which shards identified and when, whatever the result.
    pub(crate) identify_times: Journal<(u64, Instant)>,
    /// The longest time without a heartbeat that ended in one.
    pub(crate) longest_heartbeat_gap: Duration,
    /// Whether the bot exceeded the day's session starts, so that its token is void.
    pub(crate) token_was_reset: bool,
    settings: Settings,
    limit: IdentifyLimit,
    tallies: BTreeMap<u64, Tally>,
}

/// What does not change while the sandbox runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) token: String,
    /// The privileged intents that the application may use.
    pub(crate) granted_intents: u64,
    pub(crate) resume_url: String,
    pub(crate) replay: Replay,
    pub(crate) allowance: Allowance,
}

/// How often sessions were begun and resumed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) identifies: usize,
    pub(crate) resumes: usize,
}

/// The result of an IDENTIFY that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identified {
    Begun,
    Refused { too_early: bool },
}

impl Gateway {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            limit: IdentifyLimit::new(settings.allowance.clone(), Instant::now()),
            settings,
            connections: Connections::default(),
            sessions: Sessions::default(),
            faults: Faults::default(),
            too_early_identifies: 0,
            identify_times: Journal::new(MAX_IDENTIFY_TIMES, usize::MAX),
            longest_heartbeat_gap: Duration::ZERO,
            token_was_reset: false,
            tallies: BTreeMap::new(),
        }
    }

    pub(crate) fn identify(
        &mut self,
        connection: ConnectionId,
        identify: &Identify,
        world: &World,
    ) -> Result<Identified, Close> {
        self.check_token(&identify.token)?;
        check_intents(identify.intents, self.settings.granted_intents)?;
        let shard_id = identify.shard.map_or(0, |(id, _)| id);
        let refused = self.check_limits(shard_id)?;
        if let Some(refused) = refused {
            self.send(connection, &invalid_session(false));
            return Ok(refused);
        }
        let session =
            self.sessions
                .begin(connection, identify.intents, identify.shard, Instant::now());
        let ready = ready(world, &self.settings, &session.id, session.shard);
        let ready = session.dispatch("READY", &ready.to_string());
        let mut texts: Vec<_> = ready.into_iter().collect();
        for guild in guilds_of(world, session.shard).filter(|guild| !guild.is_unavailable) {
            if session.intents & intents::GUILDS != 0 {
                let presences = session.intents & intents::GUILD_PRESENCES != 0;
                let guild = world.guild_create(guild.id, presences).to_string();
                texts.extend(session.dispatch("GUILD_CREATE", &guild));
            }
        }
        for (to, text) in texts {
            self.connections.send(to, text);
        }
        self.connections.assign(connection, shard_id);
        self.tallies.entry(shard_id).or_default().identifies += 1;
        Ok(Identified::Begun)
    }

    /// Whether an IDENTIFY is refused, by the limits or as planned. One beyond the day's total voids
    /// the token.
    fn check_limits(&mut self, shard: u64) -> Result<Option<Identified>, Close> {
        let now = Instant::now();
        self.identify_times.push((shard, now), 0);
        match self.limit.admit(shard, now) {
            Verdict::Admitted if self.faults.refuses_identify() => {
                Ok(Some(Identified::Refused { too_early: false }))
            }
            Verdict::Admitted => Ok(None),
            Verdict::TooEarly => {
                self.too_early_identifies += 1;
                Ok(Some(Identified::Refused { too_early: true }))
            }
            Verdict::Exhausted => {
                self.reset_token();
                Err(close::AUTHENTICATION_FAILED)
            }
        }
    }

    fn reset_token(&mut self) {
        self.token_was_reset = true;
        self.sessions.forget(Target::All);
        let Close { code, reason } = close::AUTHENTICATION_FAILED;
        self.connections
            .end_those(Target::All, &Ending::Close(code, reason.to_owned()));
    }

    /// How many session starts of the day are left.
    pub(crate) fn starts_left(&mut self) -> StartsLeft {
        self.limit.left(Instant::now())
    }

    pub(crate) fn tally(&self, target: Target) -> Tally {
        let concerned = self.tallies.iter();
        concerned
            .filter(|(shard, _)| target.includes(Some(**shard)))
            .fold(Tally::default(), |sum, (_, tally)| Tally {
                identifies: sum.identifies + tally.identifies,
                resumes: sum.resumes + tally.resumes,
            })
    }

    /// Records a heartbeat, and returns when it must be acknowledged.
    pub(crate) fn heartbeat(
        &mut self,
        connection: ConnectionId,
        seq: Option<u64>,
        gap: Duration,
    ) -> Acknowledgement {
        self.longest_heartbeat_gap = self.longest_heartbeat_gap.max(gap);
        let acknowledgement = self.faults.acknowledgement();
        if let (Replay::Unacknowledged, Some(seq)) = (self.settings.replay, seq)
            && acknowledgement != Acknowledgement::Never
            && let Some(session) = self.sessions.of(connection)
        {
            session.acknowledge(seq);
        }
        acknowledgement
    }

    /// Returns how many dispatches were replayed, or none if the session cannot be resumed.
    pub(crate) fn resume(
        &mut self,
        connection: ConnectionId,
        resume: &Resume,
    ) -> Result<Option<usize>, Close> {
        self.check_token(&resume.token)?;
        let now = Instant::now();
        match self
            .sessions
            .resume(connection, &resume.session_id, resume.seq, now)
        {
            Resumption::InvalidSeq => Err(close::INVALID_SEQ),
            Resumption::UnknownSession => {
                self.send(connection, &invalid_session(false));
                Ok(None)
            }
            Resumption::Resumed { missed, before } => {
                if let Some(before) = before.filter(|before| *before != connection) {
                    let close = close::TAKEN_OVER;
                    self.connections
                        .end(before, Ending::Close(close.code, close.reason.to_owned()));
                }
                let replayed = missed.len();
                for text in missed {
                    self.connections.send(connection, text);
                }
                self.dispatch_to(connection, "RESUMED", &json!({ "_trace": [] }));
                self.resumed(connection);
                Ok(Some(replayed))
            }
        }
    }

    fn resumed(&mut self, connection: ConnectionId) {
        let shard = self.sessions.of(connection).map_or(0, |s| s.shard_id());
        self.connections.assign(connection, shard);
        self.tallies.entry(shard).or_default().resumes += 1;
    }

    pub(crate) fn publish(&mut self, event: &Event, bot_id: &str) {
        for (to, text) in self.sessions.publish(event, bot_id, Instant::now()) {
            self.connections.send(to, text);
        }
    }

    pub(crate) fn publish_to(&mut self, target: Target, name: &str, d: &Value) {
        for (to, text) in self.sessions.publish_to(target, name, d, Instant::now()) {
            self.connections.send(to, text);
        }
    }

    pub(crate) fn send(&mut self, connection: ConnectionId, payload: &Value) {
        self.connections
            .send(connection, payload.to_string().into());
    }

    fn dispatch_to(&mut self, connection: ConnectionId, name: &str, d: &Value) {
        let session = self.sessions.of(connection);
        if let Some((to, text)) = session.and_then(|session| session.dispatch(name, &d.to_string()))
        {
            self.connections.send(to, text);
        }
    }

    /// The `d` of READY for this session.
    pub(crate) fn ready(&self, world: &World, session_id: &str) -> Value {
        ready(world, &self.settings, session_id, None)
    }

    /// Whether this is the bot's token, without a prefix, and not void.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        token == self.settings.token && !self.token_was_reset
    }

    fn check_token(&self, token: &str) -> Result<(), Close> {
        let is_right = self.accepts(token::bare(token));
        is_right.then_some(()).ok_or(close::AUTHENTICATION_FAILED)
    }
}

fn check_intents(asked: u64, granted: u64) -> Result<(), Close> {
    if asked & !intents::ALL != 0 {
        return Err(close::INVALID_INTENTS);
    }
    let disallowed = asked & intents::PRIVILEGED & !granted;
    if disallowed == 0 {
        Ok(())
    } else {
        Err(close::DISALLOWED_INTENTS)
    }
}

/// The guilds of the bot that belong to a shard.
fn guilds_of(world: &World, shard: Option<(u64, u64)>) -> impl Iterator<Item = &Guild> {
    let (shard, count) = shard.unwrap_or((0, 1));
    let joined = world.joined_guilds();
    joined.filter(move |guild| guild.id.shard(count) == shard)
}

/// The `d` of READY.
fn ready(world: &World, settings: &Settings, session_id: &str, shard: Option<(u64, u64)>) -> Value {
    let bot = world.bot();
    let flags = intents::application_flags(settings.granted_intents);
    let guilds = guilds_of(world, shard);
    let guilds = guilds.map(|guild| json!({ "id": guild.id, "unavailable": true }));
    let mut ready = json!({
        "v": 10,
        "user": bot.own_json(),
        "guilds": guilds.collect::<Value>(),
        "session_id": session_id,
        "session_type": "normal",
        "resume_gateway_url": settings.resume_url,
        "application": { "id": bot.id, "flags": flags, "flags_new": flags.to_string() },
        "relationships": [],
        "private_channels": [],
        "presences": [],
        "user_settings": {},
        "_trace": [],
    });
    if let Some((id, count)) = shard {
        ready["shard"] = json!([id, count]);
    }
    ready
}
