//! The endpoints of command permissions. A bot reads them; only people change them.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::reply::Answer;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let guild = call.guild()?;
    let all = call.world.guild(guild)?.command_permissions.iter();
    let all = all.map(|(id, permissions)| shown(call, guild, *id, permissions));
    Ok(Answer::Json(all.collect()))
}

/// Those of a command, or of the whole application by its id.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let (guild, id) = (call.guild()?, call.id("command_id")?);
    let permissions = call.world.guild(guild)?.command_permissions.get(&id);
    let permissions = permissions.ok_or(Refusal::UnknownCommandPermissions)?;
    Ok(Answer::Json(shown(call, guild, id, permissions)))
}

fn shown(call: &Call<'_>, guild: Snowflake, id: Snowflake, permissions: &[Value]) -> Value {
    json!({
        "id": id,
        "application_id": call.world.bot().id,
        "guild_id": guild,
        "permissions": permissions,
    })
}
