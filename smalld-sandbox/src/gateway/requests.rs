//! Requests over the gateway that a dispatch answers: members, sounds, channel info.

use serde_json::{Value, json};

use super::Gateway;
use super::connections::ConnectionId;
use super::payload::{RequestMembers, Which};
use crate::world::World;
use crate::world::intents;
use crate::world::presence;
use crate::world::snowflake::Snowflake;

impl Gateway {
    /// Answers opcode 8. A request that needs an intent which the session lacks gets no answer, as on
    /// Discord.
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
        let Some(guild) = guild(world, &request.guild_id).filter(|_| !everybody || may_see_all)
        else {
            return;
        };
        let (found, not_found) = find_members(world, guild, &request.which);
        let mut chunk = json!({
            "guild_id": request.guild_id,
            "members": found.iter().filter_map(|id| world.member(guild, *id)).collect::<Value>(),
            "chunk_index": 0,
            "chunk_count": 1,
        });
        if matches!(request.which, Which::Users(_)) {
            chunk["not_found"] = json!(not_found);
        }
        if request.presences && session.intents & intents::GUILD_PRESENCES != 0 {
            chunk["presences"] = found.iter().map(|id| presence(guild, *id)).collect();
        }
        if let Some(nonce) = &request.nonce {
            chunk["nonce"] = json!(nonce);
        }
        self.dispatch_to(connection, "GUILD_MEMBERS_CHUNK", &chunk);
    }

    /// Answers opcode 31.
    pub(crate) fn request_sounds(
        &mut self,
        connection: ConnectionId,
        guilds: &[String],
        world: &World,
    ) {
        for guild in guilds.iter().filter_map(|id| guild(world, id)) {
            let sounds = json!({ "guild_id": guild, "soundboard_sounds": world.sounds(guild) });
            self.dispatch_to(connection, "SOUNDBOARD_SOUNDS", &sounds);
        }
    }

    /// Answers opcode 43. There are no voice channels to describe.
    pub(crate) fn request_channel_info(
        &mut self,
        connection: ConnectionId,
        guild_id: &str,
        world: &World,
    ) {
        if guild(world, guild_id).is_some() {
            let info = json!({ "guild_id": guild_id, "channels": [] });
            self.dispatch_to(connection, "CHANNEL_INFO", &info);
        }
    }
}

/// The guild with this id, if the bot is a member.
fn guild(world: &World, id: &str) -> Option<Snowflake> {
    let id = Snowflake::parse(id)?;
    world.known_guild(id).is_ok().then_some(id)
}

/// The members that were found, and the requested ids that are not members.
fn find_members(world: &World, guild: Snowflake, which: &Which) -> (Vec<Snowflake>, Vec<Value>) {
    match which {
        Which::Named(start, limit) => {
            let limit = if *limit == 0 { usize::MAX } else { *limit };
            let members = world.members(guild).into_iter();
            let named = members.filter(|user| user.name.starts_with(start.as_str()));
            (named.map(|user| user.id).take(limit).collect(), Vec::new())
        }
        Which::Users(ids) => {
            let known = |id: &Value| {
                let id = Snowflake::parse(id.as_str()?)?;
                world.member(guild, id).map(|_| id)
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
