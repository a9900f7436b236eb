//! The endpoints of roles.

use serde_json::{Value, json};

use super::call::Call;
use super::error::Error;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::MANAGE_ROLES;
use crate::world::role::Role;

const ROLE: &[Rule] = &[
    optional("name", Is::Text(0, 100)),
    optional("permissions", Is::Bits),
    optional("color", Is::Integer(0, 0xff_ffff)),
    optional("hoist", Is::Boolean),
    optional("icon", Is::Text(1, 1 << 20)),
    optional("unicode_emoji", Is::Text(1, 64)),
    optional("mentionable", Is::Boolean),
];
const POSITION: &[Rule] = &[
    required("id", Is::Id),
    optional("position", Is::Integer(0, 250)),
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    Ok(Answer::Json(
        call.world
            .roles(guild)
            .into_iter()
            .map(Role::json)
            .collect(),
    ))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let role = call.world.role(guild, call.id("role_id")?)?;
    Ok(Answer::Json(role.json()))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_ROLES)?;
    let fields = fields(call)?;
    let id = call.world.add_role(guild, fields, call.now)?;
    call.audit(guild, Action::RoleCreate, id);
    Ok(Answer::Json(call.world.role(guild, id)?.json()))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_ROLES)?;
    let id = call.id("role_id")?;
    let bot = call.world.bot().id;
    call.world.require_above_role(guild, bot, id)?;
    let fields = fields(call)?;
    call.world.edit_role(guild, id, fields)?;
    call.audit(guild, Action::RoleUpdate, id);
    Ok(Answer::Json(call.world.role(guild, id)?.json()))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_ROLES)?;
    let id = call.id("role_id")?;
    let bot = call.world.bot().id;
    call.world.require_above_role(guild, bot, id)?;
    call.world.delete_role(guild, id)?;
    call.audit(guild, Action::RoleDelete, id);
    Ok(Answer::NoContent)
}

/// Moves roles to other positions.
pub(crate) fn move_all(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(MANAGE_ROLES)?;
    let body = call.take_json();
    let mut mistakes = Mistakes::default();
    let list = body.as_array().cloned().unwrap_or_default();
    for (place, role) in list.iter().enumerate() {
        let place = place.to_string();
        if let Some(fields) = rules::object(role, &[&place], &mut mistakes) {
            rules::check(POSITION, fields, &[&place], &mut mistakes);
        }
    }
    mistakes.check()?;
    let bot = call.world.bot().id;
    for role in &list {
        let id = rules::id(&role["id"]).unwrap_or(bot);
        call.world.require_above_role(guild, bot, id)?;
        if role["position"].is_u64() {
            let fields = json!({ "position": role["position"] });
            call.world.edit_role(guild, id, fields)?;
        }
    }
    Ok(Answer::Json(
        call.world
            .roles(guild)
            .into_iter()
            .map(Role::json)
            .collect(),
    ))
}

fn fields(call: &mut Call<'_>) -> Result<Value, Error> {
    let mut fields = call.fields(ROLE)?;
    // Null means the default, which the role has already.
    fields.retain(|_, value| !value.is_null());
    if let Some(bits) = fields.get("permissions").and_then(rules::bits) {
        fields.insert("permissions".to_owned(), json!(bits.to_string()));
    }
    Ok(Value::Object(fields))
}
