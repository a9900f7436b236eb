//! The endpoints of guilds themselves.

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use crate::world::refusal::Refusal;

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("guild_id")?;
    // A guild that the bot is not in is as unknown as one that does not exist.
    let guild = call.world.known_guild(id);
    let guild = guild.map_err(|_| Refusal::UnknownGuild)?;
    Ok(Answer::Json(guild.json()))
}
