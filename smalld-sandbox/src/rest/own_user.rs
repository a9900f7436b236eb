//! The endpoints of the bot's own user and guilds, and those that no bot may use.

use serde_json::json;

use super::call::Call;
use super::error::Error;
use super::guilds::picture;
use super::query;
use super::reply::Answer;
use super::rules::{Is, Rule, optional};
use crate::world::member::Change;
use crate::world::refusal::Refusal;

const USER: &[Rule] = &[
    optional("username", Is::Text(2, 32)),
    optional("avatar", Is::Image(10 * 1024)),
    optional("banner", Is::Image(10 * 1024)),
];

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    Ok(Answer::Json(call.world.bot().own_json()))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let fields = call.fields(USER)?;
    let name = fields.get("username").and_then(|name| name.as_str());
    let name = name.map(ToOwned::to_owned);
    let picture = |key: &str| {
        let value = fields.get(key);
        value.map_or(Change::Keep, |value| {
            Change::to(value.is_string().then(picture))
        })
    };
    call.world
        .edit_bot(name, picture("avatar"), picture("banner"));
    get(call)
}

pub(crate) fn guilds(call: &mut Call<'_>) -> Result<Answer, Error> {
    let limit = query::limit(&call.query, 200, 200)?;
    let (before, after) = (query::before(&call.query)?, query::after(&call.query)?);
    let with_counts = query::flag(&call.query, "with_counts");
    let bot = call.world.bot().id;
    let joined: Vec<_> = call.world.joined_guilds().collect();
    let is_wanted =
        |id| before.is_none_or(|before| id < before) && after.is_none_or(|after| id > after);
    let wanted: Vec<_> = joined
        .into_iter()
        .filter(|guild| is_wanted(guild.id))
        .collect();
    // Before an id come those nearest to it, still in ascending order.
    let skipped = before.map_or(0, |_| wanted.len().saturating_sub(limit));
    let page = wanted.into_iter().skip(skipped).take(limit).map(|guild| {
        let json = guild.json();
        let mut entry = json!({
            "id": guild.id,
            "name": guild.name,
            "icon": json["icon"],
            "banner": json["banner"],
            "owner": guild.owner == bot,
            "permissions": call.world.permissions_json(guild.id, bot),
            "features": json["features"],
        });
        if with_counts {
            entry["approximate_member_count"] = json!(guild.members.len());
            entry["approximate_presence_count"] = json!(guild.members.len());
        }
        entry
    });
    Ok(Answer::Json(page.collect()))
}

pub(crate) fn leave_guild(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("guild_id")?;
    call.world
        .known_guild(id)
        .map_err(|_| Refusal::UnknownGuild)?;
    let bot = call.world.bot().id;
    call.world.remove_member(id, bot)?;
    Ok(Answer::NoContent)
}

/// Routes for users who signed in by OAuth2.
pub(crate) fn not_for_bots(_: &mut Call<'_>) -> Result<Answer, Error> {
    Err(Refusal::NotForBots.into())
}
