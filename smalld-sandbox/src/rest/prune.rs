//! The endpoints that count and remove members who have not been seen for long.
//!
//! Nobody is away from the sandbox: a member has been seen last when they joined or last wrote.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional};
use crate::world::audit::Action;
use crate::world::permission::{KICK_MEMBERS, MANAGE_GUILD};
use crate::world::snowflake::Snowflake;

const DEFAULT_DAYS: u64 = 7;

const PRUNE: &[Rule] = &[
    optional("days", Is::Integer(1, 30)),
    optional("compute_prune_count", Is::Boolean),
    optional("include_roles", Is::Ids(100)),
];

pub(crate) fn preview(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD | KICK_MEMBERS)?;
    let mut fields = Map::new();
    for (name, value) in query::pairs(&call.query) {
        match name.as_str() {
            "days" => {
                let days = value.parse().map_or(json!(value), |days: i64| json!(days));
                fields.insert(name, days);
            }
            // In the query the roles are separated by commas.
            "include_roles" if !value.is_empty() => {
                let roles = value.split(',').collect::<Vec<_>>();
                fields.insert(name, json!(roles));
            }
            _ => {}
        }
    }
    call.body.json = Some(Value::Object(fields));
    let fields = call.fields(PRUNE)?;
    let pruned = away(call, guild, &fields)?;
    Ok(Answer::Json(json!({ "pruned": pruned.len() })))
}

pub(crate) fn prune(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_GUILD | KICK_MEMBERS)?;
    let fields = call.fields(PRUNE)?;
    let pruned = away(call, guild, &fields)?;
    for user in &pruned {
        call.world.remove_member(guild, *user)?;
    }
    if !pruned.is_empty() {
        call.audit(guild, Action::MemberPrune, guild);
    }
    let is_counted = fields.get("compute_prune_count") != Some(&json!(false));
    let count = is_counted.then_some(pruned.len());
    Ok(Answer::Json(json!({ "pruned": count })))
}

/// The members who would be removed. Those with a role stay, unless every role of theirs is included.
fn away(
    call: &Call<'_>,
    guild: Snowflake,
    fields: &Map<String, Value>,
) -> Result<Vec<Snowflake>, Error> {
    let days = fields.get("days").and_then(Value::as_u64);
    let days = days.unwrap_or(DEFAULT_DAYS);
    let included = fields.get("include_roles").and_then(Value::as_array);
    let included: Vec<_> = included
        .into_iter()
        .flatten()
        .filter_map(rules::id)
        .collect();
    let since = call.now.saturating_sub(days * 86_400_000);
    let world = &call.world;
    let of_guild = world.guild(guild)?;
    let is_away = |user: Snowflake| {
        let member = &of_guild.members[&user];
        let roles_fit = member.roles.iter().all(|role| included.contains(role));
        let seen = world.last_message_of(guild, user).unwrap_or(0);
        roles_fit && user != of_guild.owner && seen.max(member.joined) < since
    };
    let members = of_guild.members.keys().copied();
    Ok(members.filter(|user| is_away(*user)).collect())
}
