//! The gateway: sessions, the connections they live on, and what bots may ask over them.

mod close;
mod connection;
mod connections;
mod conversation;
mod outgoing;
mod payload;
mod send_limit;
mod session;

use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use close::{Close, INVALID_VERSION};
pub(crate) use connection::{Socket, refuse, serve, websocket_config};
pub(crate) use connections::{ConnectionId, Connections, Ending, Inbox};
pub(crate) use payload::{Identify, Resume};
use payload::{RequestMembers, Which};
use session::{Resumption, Sessions};

use crate::hub::Settings;
use crate::intents;
use crate::snowflake::Snowflake;
use crate::token;
use crate::world::{Event, World};

/// All there is to know of the gateway at one moment. Nothing in here waits.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) connections: Connections,
    pub(crate) sessions: Sessions,
    pub(crate) identifies: usize,
    pub(crate) resumes: usize,
}

impl Gateway {
    pub(crate) fn identify(
        &mut self,
        connection: ConnectionId,
        identify: &Identify,
        world: &World,
        settings: &Settings,
    ) -> Result<(), Close> {
        settings.check_token(&identify.token)?;
        check_intents(identify.intents, settings.granted_intents)?;
        let session =
            self.sessions
                .begin(connection, identify.intents, identify.shard, Instant::now());
        let ready = ready(world, settings, &session.id, session.shard);
        let ready = session.dispatch("READY", &ready.to_string());
        let (shard, count) = session.shard.unwrap_or((0, 1));
        let sees_guild =
            session.intents & intents::GUILDS != 0 && world.guild_id().shard(count) == shard;
        let guild = sees_guild.then(|| {
            let presences = session.intents & intents::GUILD_PRESENCES != 0;
            session.dispatch("GUILD_CREATE", &world.guild_create(presences).to_string())
        });
        for (to, text) in ready.into_iter().chain(guild.flatten()) {
            self.connections.send(to, text);
        }
        self.identifies += 1;
        Ok(())
    }

    /// How many dispatches were replayed, or none if the session cannot be resumed.
    pub(crate) fn resume(
        &mut self,
        connection: ConnectionId,
        resume: &Resume,
        settings: &Settings,
    ) -> Result<Option<usize>, Close> {
        settings.check_token(&resume.token)?;
        let now = Instant::now();
        match self
            .sessions
            .resume(connection, &resume.session_id, resume.seq, now)
        {
            Resumption::InvalidSeq => Err(close::INVALID_SEQ),
            Resumption::UnknownSession => {
                self.send(
                    connection,
                    &json!({ "t": null, "s": null, "op": 9, "d": false }),
                );
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
                self.resumes += 1;
                Ok(Some(replayed))
            }
        }
    }

    pub(crate) fn publish(&mut self, event: &Event, bot_id: &str) {
        for (to, text) in self.sessions.publish(event, bot_id, Instant::now()) {
            self.connections.send(to, text);
        }
    }

    pub(crate) fn publish_to_all(&mut self, name: &str, d: &Value) {
        for (to, text) in self.sessions.publish_to_all(name, d, Instant::now()) {
            self.connections.send(to, text);
        }
    }

    pub(crate) fn send(&self, connection: ConnectionId, payload: &Value) {
        self.connections
            .send(connection, payload.to_string().into());
    }

    /// Answers opcode 8. What needs an intent that the session lacks stays without an answer, as
    /// on Discord.
    pub(crate) fn request_members(
        &mut self,
        connection: ConnectionId,
        request: &RequestMembers,
        world: &World,
    ) {
        let Some(session) = self.sessions.of(connection) else {
            return;
        };
        let everybody = matches!(&request.which, Which::Named(start, _) if start.is_empty());
        let may_see_all = session.intents & intents::GUILD_MEMBERS != 0;
        if !is_guild(world, &request.guild_id) || everybody && !may_see_all {
            return;
        }
        let (found, not_found) = find_members(world, &request.which);
        let mut chunk = json!({
            "guild_id": request.guild_id,
            "members": found.iter().filter_map(|id| world.member(*id)).collect::<Value>(),
            "chunk_index": 0,
            "chunk_count": 1,
        });
        if matches!(request.which, Which::Users(_)) {
            chunk["not_found"] = json!(not_found);
        }
        if request.presences && session.intents & intents::GUILD_PRESENCES != 0 {
            chunk["presences"] = found.iter().map(|id| world.presence(*id)).collect();
        }
        if let Some(nonce) = &request.nonce {
            chunk["nonce"] = json!(nonce);
        }
        self.dispatch_to(connection, "GUILD_MEMBERS_CHUNK", &chunk);
    }

    /// Answers opcode 31: the guild has no sounds of its own.
    pub(crate) fn request_sounds(
        &mut self,
        connection: ConnectionId,
        guilds: &[String],
        world: &World,
    ) {
        for guild in guilds.iter().filter(|guild| is_guild(world, guild)) {
            let sounds = json!({ "guild_id": guild, "soundboard_sounds": [] });
            self.dispatch_to(connection, "SOUNDBOARD_SOUNDS", &sounds);
        }
    }

    /// Answers opcode 43: without voice channels there is nothing to tell.
    pub(crate) fn request_channel_info(
        &mut self,
        connection: ConnectionId,
        guild: &str,
        world: &World,
    ) {
        if is_guild(world, guild) {
            let info = json!({ "guild_id": guild, "channels": [] });
            self.dispatch_to(connection, "CHANNEL_INFO", &info);
        }
    }

    fn dispatch_to(&mut self, connection: ConnectionId, name: &str, d: &Value) {
        let session = self.sessions.of(connection);
        if let Some((to, text)) = session.and_then(|session| session.dispatch(name, &d.to_string()))
        {
            self.connections.send(to, text);
        }
    }
}

impl Settings {
    fn check_token(&self, token: &str) -> Result<(), Close> {
        let right = token::bare(token) == self.token;
        right.then_some(()).ok_or(close::AUTHENTICATION_FAILED)
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

/// The `d` of READY.
pub(crate) fn ready(
    world: &World,
    settings: &Settings,
    session_id: &str,
    shard: Option<(u64, u64)>,
) -> Value {
    let bot = world.bot();
    let flags = intents::application_flags(settings.granted_intents);
    let (id, count) = shard.unwrap_or((0, 1));
    let guilds = if world.guild_id().shard(count) == id {
        json!([world.unavailable_guild()])
    } else {
        json!([])
    };
    let mut ready = json!({
        "v": 10,
        "user": bot.own_json(),
        "guilds": guilds,
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

fn is_guild(world: &World, id: &str) -> bool {
    Snowflake::parse(id) == Some(world.guild_id())
}

/// Members and, of those asked for by id, what is none.
fn find_members(world: &World, which: &Which) -> (Vec<Snowflake>, Vec<Value>) {
    match which {
        Which::Named(start, limit) => {
            let limit = if *limit == 0 { usize::MAX } else { *limit };
            let named = world
                .members()
                .filter(|user| user.name.starts_with(start.as_str()));
            (named.map(|user| user.id).take(limit).collect(), Vec::new())
        }
        Which::Users(ids) => {
            let known = |id: &Value| {
                let id = Snowflake::parse(id.as_str()?)?;
                world.member(id).map(|_| id)
            };
            let not_found = ids
                .iter()
                .filter(|id| known(id).is_none())
                .cloned()
                .collect();
            (ids.iter().filter_map(known).collect(), not_found)
        }
    }
}
