//! The endpoints of scheduled events.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Error;
use super::guilds::picture;
use super::mistakes::Mistakes;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::permission::{CREATE_EVENTS, MANAGE_EVENTS};
use crate::world::refusal::Refusal;
use crate::world::scheduled_event::{ACTIVE, CANCELED, COMPLETED, SCHEDULED, has_ended};
use crate::world::snowflake::Snowflake;
use crate::world::timestamp;

/// The type of an event outside Discord.
const EXTERNAL: u64 = 3;

const NEW_EVENT: &[Rule] = &[
    required("name", Is::Text(1, 100)),
    required("scheduled_start_time", Is::Time),
    required("privacy_level", Is::OneOf(&[2])),
    required("entity_type", Is::OneOf(&[1, 2, 3])),
    optional("description", Is::Text(0, 1000)),
    optional("scheduled_end_time", Is::Time),
    optional("channel_id", Is::Id),
    optional("entity_metadata", Is::Object),
    optional("image", Is::Image(10 * 1024)),
    optional("recurrence_rule", Is::Object),
];
const EVENT: &[Rule] = &[
    optional("name", Is::Text(1, 100)),
    optional("scheduled_start_time", Is::Time),
    optional("privacy_level", Is::OneOf(&[2])),
    optional("entity_type", Is::OneOf(&[1, 2, 3])),
    optional("description", Is::Text(0, 1000)),
    optional("scheduled_end_time", Is::Time),
    optional("channel_id", Is::Id),
    optional("entity_metadata", Is::Object),
    optional("image", Is::Image(10 * 1024)),
    optional("recurrence_rule", Is::Object),
    optional("status", Is::OneOf(&[1, 2, 3, 4])),
];
const METADATA: &[Rule] = &[required("location", Is::Text(1, 100))];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let events = call.world.guild(guild)?.scheduled_events.current();
    let events = events.map(|event| shown(call, guild, event));
    Ok(Answer::Json(events.collect()))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = path(call)?;
    let event = call.world.scheduled_event(guild, id)?;
    Ok(Answer::Json(shown(call, guild, event)))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild_with(CREATE_EVENTS)?;
    let mut fields = call.fields(NEW_EVENT)?;
    check(call, guild, &Value::Object(fields.clone()))?;
    take_picture(&mut fields);
    let event = call.world.add_scheduled_event(guild, fields, call.now)?;
    let id = rules::id(&event["id"]).unwrap_or(guild);
    let change = (&Value::Null, &audited(&event));
    call.audit_change(guild, Action::ScheduledEventCreate, id, change);
    Ok(Answer::Json(event))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = own(call)?;
    let mut whole = call.world.scheduled_event(guild, id)?.clone();
    if has_ended(&whole) {
        return Err(Refusal::EventHasEnded.into());
    }
    let mut fields = call.fields(EVENT)?;
    check_status(&whole, fields.get("status"))?;
    for (key, value) in &fields {
        whole[key] = value.clone();
    }
    if fields.contains_key("scheduled_start_time") || fields.contains_key("entity_type") {
        check(call, guild, &whole)?;
    }
    take_picture(&mut fields);
    let (before, after) = call.world.edit_scheduled_event(guild, id, fields)?;
    let change = (&audited(&before), &audited(&after));
    call.audit_change(guild, Action::ScheduledEventUpdate, id, change);
    Ok(Answer::Json(after))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = own(call)?;
    let event = call.world.delete_scheduled_event(guild, id)?;
    let change = (&audited(&event), &Value::Null);
    call.audit_change(guild, Action::ScheduledEventDelete, id, change);
    Ok(Answer::NoContent)
}

/// The users who are interested, by id.
pub(crate) fn users(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = path(call)?;
    call.world.scheduled_event(guild, id)?;
    let limit = query::limit(&call.query, 100, 100)?;
    let (before, after) = (query::before(&call.query)?, query::after(&call.query)?);
    let with_member = query::flag(&call.query, "with_member");
    let users = call.world.guild(guild)?.scheduled_events.users(id);
    let is_wanted = |id: &Snowflake| {
        before.is_none_or(|before| *id < before) && after.is_none_or(|after| *id > after)
    };
    let users = users.into_iter().filter(is_wanted).take(limit);
    let users = users.filter_map(|user| {
        let mut json = json!({
            "guild_scheduled_event_id": id,
            "user_id": user,
            "user": call.world.user(user).ok()?.json(),
            "response": 1,
        });
        if with_member && let Some(member) = call.world.member(guild, user) {
            json["member"] = member;
        }
        Some(json)
    });
    Ok(Answer::Json(users.collect()))
}

pub(crate) fn user_count(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (guild, id) = path(call)?;
    call.world.scheduled_event(guild, id)?;
    let count = call.world.guild(guild)?.scheduled_events.users(id).len();
    Ok(Answer::Json(json!({
        "guild_scheduled_event_count": count,
        "guild_scheduled_event_exception_counts": {},
    })))
}

fn path(call: &Call<'_>) -> Result<(Snowflake, Snowflake), Error> {
    Ok((call.guild()?, call.id("guild_scheduled_event_id")?))
}

/// The event in the path, which the bot made or may manage.
pub(super) fn own(call: &Call<'_>) -> Result<(Snowflake, Snowflake), Error> {
    let (guild, id) = path(call)?;
    let bot = call.world.bot().id;
    let event = call.world.scheduled_event(guild, id)?;
    let is_own = rules::id(&event["creator_id"]) == Some(bot);
    call.guild_with(if is_own { CREATE_EVENTS } else { MANAGE_EVENTS })?;
    Ok((guild, id))
}

fn shown(call: &Call<'_>, guild: Snowflake, event: &Value) -> Value {
    let mut event = event.clone();
    let of_guild = call.world.guild(guild).ok();
    let id = rules::id(&event["id"]);
    if query::flag(&call.query, "with_user_count")
        && let (Some(guild), Some(id)) = (of_guild, id)
    {
        event["user_count"] = json!(guild.scheduled_events.users(id).len());
    }
    event
}

/// Checks what depends on several fields: place, channel and times.
fn check(call: &Call<'_>, guild: Snowflake, event: &Value) -> Result<(), Error> {
    let mut mistakes = Mistakes::default();
    let mut required = |key: &str| {
        if event[key].is_null() {
            mistakes.add(&[key], "BASE_TYPE_REQUIRED", "This field is required");
        }
    };
    let is_external = event["entity_type"] == EXTERNAL;
    if is_external {
        required("entity_metadata");
        required("scheduled_end_time");
        if let Some(metadata) = event["entity_metadata"].as_object() {
            rules::check(METADATA, metadata, &["entity_metadata"], &mut mistakes);
        }
    } else {
        required("channel_id");
    }
    let channel = rules::id(&event["channel_id"]);
    let is_here = |id: Snowflake| call.world.guild_of(id) == Some(guild);
    if channel.is_some_and(|id| is_external || !is_here(id)) {
        let message = "The event cannot have this channel.";
        mistakes.add(&["channel_id"], "BASE_TYPE_INVALID", message);
    }
    let time = |key: &str| event[key].as_str().and_then(timestamp::parse_iso8601);
    let (start, end) = (time("scheduled_start_time"), time("scheduled_end_time"));
    if start.is_some_and(|start| start <= call.now) {
        let message = "Cannot schedule event in the past.";
        let code = "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST";
        mistakes.add(&["scheduled_start_time"], code, message);
    }
    if end.is_some_and(|end| Some(end) <= start) {
        let message = "The event must end after it starts.";
        mistakes.add(&["scheduled_end_time"], "BASE_TYPE_INVALID", message);
    }
    mistakes.check()
}

/// An event starts, and then ends; one that has not started can be canceled.
fn check_status(event: &Value, status: Option<&Value>) -> Result<(), Error> {
    let Some(wanted) = status.and_then(Value::as_u64) else {
        return Ok(());
    };
    let status = event["status"].as_u64().unwrap_or(SCHEDULED);
    let follows = matches!(
        (status, wanted),
        (SCHEDULED, ACTIVE | CANCELED) | (ACTIVE, COMPLETED)
    );
    if follows || status == wanted {
        return Ok(());
    }
    let message = "The event cannot get this status.";
    Err(Error::of_field(&["status"], "BASE_TYPE_INVALID", message))
}

fn take_picture(fields: &mut Map<String, Value>) {
    if let Some(image) = fields.get_mut("image").filter(|image| image.is_string()) {
        *image = json!(picture());
    }
}

/// The fields that the audit log shows.
fn audited(event: &Value) -> Value {
    let keys = [
        "name",
        "description",
        "channel_id",
        "entity_type",
        "privacy_level",
        "status",
    ];
    let fields = keys.map(|key| (key.to_owned(), event[key].clone()));
    Value::Object(Map::from_iter(fields))
}
