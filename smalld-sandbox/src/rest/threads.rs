//! The endpoints of threads and of their members.

use std::mem;

use serde_json::{Map, Value, json};

use super::body::Body;
use super::call::Call;
use super::channels::{ARCHIVE_AFTER, SLOWMODE};
use super::error::Error;
use super::message_form;
use super::mistakes::Mistakes;
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::audit::Action;
use crate::world::channel::Kind;
use crate::world::permission::{
    CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, MANAGE_THREADS, READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::thread::{Listed, Search, Start, ThreadDraft, ThreadEdit};

const NEW: &[Rule] = &[
    required("name", Is::Text(1, 100)),
    optional("auto_archive_duration", ARCHIVE_AFTER),
    optional("rate_limit_per_user", SLOWMODE),
];
const WITHOUT_MESSAGE: &[Rule] = &[
    optional("type", Is::OneOf(&[10, 11, 12])),
    optional("invitable", Is::Boolean),
];
const POST: &[Rule] = &[
    optional("applied_tags", Is::List(5)),
    required("message", Is::Object),
];
const EDIT: &[Rule] = &[
    optional("name", Is::Text(1, 100)),
    optional("archived", Is::Boolean),
    optional("locked", Is::Boolean),
    optional("invitable", Is::Boolean),
    optional("auto_archive_duration", ARCHIVE_AFTER),
    optional("rate_limit_per_user", SLOWMODE),
    optional("flags", Is::Integer(0, i64::MAX)),
    optional("applied_tags", Is::List(5)),
];

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    let parent = call.id("channel_id")?;
    call.require_in(parent, 0)?;
    if matches!(call.world.channel(parent)?.kind, Kind::Forum | Kind::Media) {
        return create_post(call, parent);
    }
    let fields = call.fields(&[NEW, WITHOUT_MESSAGE].concat())?;
    // As on Discord, a thread without a type is private.
    let kind = fields.get("type").and_then(Value::as_i64);
    let kind = kind.and_then(Kind::of).unwrap_or(Kind::PrivateThread);
    let needed = match kind {
        Kind::PrivateThread => CREATE_PRIVATE_THREADS,
        _ => CREATE_PUBLIC_THREADS,
    };
    call.require_in(parent, needed)?;
    begin(call, parent, &fields, Start::Nothing(kind))
}

pub(crate) fn create_from_message(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (parent, message) = (call.id("channel_id")?, call.id("message_id")?);
    call.require_in(parent, CREATE_PUBLIC_THREADS)?;
    let fields = call.fields(NEW)?;
    begin(call, parent, &fields, Start::Message(message))
}

fn create_post(call: &mut Call<'_>, parent: Snowflake) -> Result<Answer, Error> {
    call.require_in(parent, SEND_MESSAGES)?;
    let files = mem::take(&mut call.body.files);
    let mut fields = call.fields(&[NEW, POST].concat())?;
    let message = Body {
        json: fields.remove("message"),
        files,
        ..Body::default()
    };
    let message = message_form::draft(message).map_err(|error| error.inside("message"))?;
    let start = Start::Post(Box::new(message));
    let answer = begin(call, parent, &fields, start)?;
    let Answer::Created(mut thread) = answer else {
        return Ok(answer);
    };
    let id = rules::id(&thread["id"]).ok_or(Refusal::UnknownChannel)?;
    thread["message"] = call.world.message(id, id)?;
    Ok(Answer::Created(thread))
}

fn begin(
    call: &mut Call<'_>,
    parent: Snowflake,
    fields: &Map<String, Value>,
    start: Start,
) -> Result<Answer, Error> {
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let draft = ThreadDraft {
        name: fields["name"].as_str().unwrap_or_default().to_owned(),
        archive_after: number("auto_archive_duration"),
        slowmode: number("rate_limit_per_user"),
        is_invitable: fields.get("invitable") != Some(&json!(false)),
        tags: tags(fields)?.unwrap_or_default(),
    };
    let bot = call.world.bot().id;
    let id = call
        .world
        .create_thread(parent, bot, draft, start, call.now)?;
    call.audit_in(id, Action::ThreadCreate, id);
    let thread = call.world.channel(id)?;
    Ok(Answer::Created(call.world.channel_json(thread)))
}

/// Edits a thread; the endpoint of channels comes here.
pub(super) fn edit(call: &mut Call<'_>, id: Snowflake) -> Result<Answer, Error> {
    call.require_in(id, 0)?;
    let fields = call.fields(EDIT)?;
    let flag = |key: &str| fields.get(key).and_then(Value::as_bool);
    let number = |key: &str| fields.get(key).and_then(Value::as_u64);
    let name = fields.get("name").and_then(Value::as_str);
    let edit = ThreadEdit {
        name: name.map(ToOwned::to_owned),
        is_archived: flag("archived"),
        is_locked: flag("locked"),
        is_invitable: flag("invitable"),
        archive_after: number("auto_archive_duration"),
        slowmode: number("rate_limit_per_user"),
        flags: number("flags"),
        tags: tags(&fields)?,
    };
    check_edit(call, id, &edit)?;
    call.world.edit_thread(id, edit, call.now)?;
    call.audit_in(id, Action::ThreadUpdate, id);
    let thread = call.world.channel(id)?;
    Ok(Answer::Json(call.world.channel_json(thread)))
}

/// The owner changes name, tags and archive; everybody who can write opens a thread again unless it is
/// locked; everything else is for those who manage threads.
fn check_edit(call: &Call<'_>, id: Snowflake, edit: &ThreadEdit) -> Result<(), Refusal> {
    let thread = call.world.thread(id)?;
    if thread.is_archived && edit.is_archived != Some(false) {
        return Err(Refusal::ArchivedThread);
    }
    if call.require_in(id, MANAGE_THREADS).is_ok() {
        return Ok(());
    }
    let is_owner = thread.owner == call.world.bot().id;
    let for_managers = [
        edit.is_locked.is_some(),
        edit.slowmode.is_some(),
        edit.flags.is_some(),
        thread.is_locked,
        !is_owner && edit.is_archived == Some(true),
    ];
    let for_owner = [
        edit.name.is_some(),
        edit.is_invitable.is_some(),
        edit.archive_after.is_some(),
        edit.tags.is_some(),
    ];
    let is_for_managers = for_managers.contains(&true);
    if is_for_managers || !is_owner && for_owner.contains(&true) {
        return Err(Refusal::MissingPermissions);
    }
    call.require_in(id, SEND_MESSAGES)
}

/// Deletes a thread; the endpoint of channels comes here.
pub(super) fn delete(call: &mut Call<'_>, id: Snowflake) -> Result<Answer, Error> {
    call.require_in(id, MANAGE_THREADS)?;
    let deleted = call.world.channel_json(call.world.channel(id)?);
    call.audit_in(id, Action::ThreadDelete, id);
    call.world.delete_thread(id)?;
    Ok(Answer::Json(deleted))
}

pub(crate) fn join(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (id, bot) = (open_thread(call)?, call.world.bot().id);
    call.world.add_to_thread(id, bot, call.now)?;
    Ok(Answer::NoContent)
}

pub(crate) fn leave(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (id, bot) = (open_thread(call)?, call.world.bot().id);
    call.world.remove_from_thread(id, bot)?;
    Ok(Answer::NoContent)
}

pub(crate) fn add_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (id, user) = (open_thread(call)?, call.id("user_id")?);
    call.require_in(id, SEND_MESSAGES)?;
    let thread = call.world.thread(id)?;
    let is_owner = thread.owner == call.world.bot().id;
    let is_private = call.world.channel(id)?.kind == Kind::PrivateThread;
    if is_private && !thread.is_invitable && !is_owner {
        call.require_in(id, MANAGE_THREADS)?;
    }
    call.world.add_to_thread(id, user, call.now)?;
    Ok(Answer::NoContent)
}

pub(crate) fn remove_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (id, user) = (open_thread(call)?, call.id("user_id")?);
    let is_private = call.world.channel(id)?.kind == Kind::PrivateThread;
    let is_owner = call.world.thread(id)?.owner == call.world.bot().id;
    if !(is_private && is_owner) {
        call.require_in(id, MANAGE_THREADS)?;
    }
    call.world.remove_from_thread(id, user)?;
    Ok(Answer::NoContent)
}

pub(crate) fn get_member(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (id, user) = (call.id("channel_id")?, call.id("user_id")?);
    call.require_in(id, 0)?;
    call.world.thread(id)?;
    let with_member = query::flag(&call.query, "with_member");
    let member = call.world.thread_member(id, user, with_member);
    Ok(Answer::Json(member.ok_or(Refusal::UnknownMember)?))
}

pub(crate) fn list_members(call: &mut Call<'_>) -> Result<Answer, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, 0)?;
    let with_member = query::flag(&call.query, "with_member");
    let (after, limit) = (
        query::after(&call.query)?,
        query::limit(&call.query, 100, 100)?,
    );
    // Without the members of the guild inside, the list has no pages.
    let limit = if with_member { limit } else { usize::MAX };
    let users = call.world.thread(id)?.members.keys();
    let later = users.filter(|user| !with_member || after.is_none_or(|after| **user > after));
    let members = later
        .take(limit)
        .filter_map(|user| call.world.thread_member(id, *user, with_member));
    Ok(Answer::Json(members.collect()))
}

pub(crate) fn list_active(call: &mut Call<'_>) -> Result<Answer, Error> {
    let guild = call.guild()?;
    let threads = call.world.active_threads(guild);
    Ok(Answer::Json(call.world.threads_json(&threads, false)))
}

pub(crate) fn list_public(call: &mut Call<'_>) -> Result<Answer, Error> {
    list_archived(call, Listed::Public, READ_MESSAGE_HISTORY)
}

pub(crate) fn list_private(call: &mut Call<'_>) -> Result<Answer, Error> {
    list_archived(call, Listed::Private, READ_MESSAGE_HISTORY | MANAGE_THREADS)
}

pub(crate) fn list_own_private(call: &mut Call<'_>) -> Result<Answer, Error> {
    list_archived(call, Listed::OwnPrivate, READ_MESSAGE_HISTORY)
}

fn list_archived(call: &mut Call<'_>, listed: Listed, bits: u64) -> Result<Answer, Error> {
    let parent = call.id("channel_id")?;
    call.require_in(parent, bits)?;
    let limit = query::limit(&call.query, 50, 100)?;
    let mut threads = call.world.archived_threads(parent, listed);
    if let Some((_, before)) = query::pairs(&call.query).find(|(name, _)| name == "before") {
        if listed == Listed::OwnPrivate {
            let before = query::id("before", &before)?;
            threads.retain(|id| *id < before);
        } else {
            let before = query::time("before", &before)?;
            threads.retain(|id| call.world.thread(*id).is_ok_and(|t| t.changed < before));
        }
    }
    let has_more = threads.len() > limit;
    threads.truncate(limit);
    Ok(Answer::Json(call.world.threads_json(&threads, has_more)))
}

pub(crate) fn search(call: &mut Call<'_>) -> Result<Answer, Error> {
    let parent = call.id("channel_id")?;
    call.require_in(parent, READ_MESSAGE_HISTORY)?;
    let limit = query::limit(&call.query, 25, 25)?;
    let mut search = Search::default();
    let mut offset = 0;
    for (name, value) in query::pairs(&call.query) {
        match name.as_str() {
            "name" => search.name = value.to_lowercase(),
            "archived" => search.is_archived = Some(value.eq_ignore_ascii_case("true")),
            "tag" => search.tags.push(query::id("tag", &value)?),
            "offset" => offset = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let found = call.world.search_threads(parent, &search);
    let page: Vec<_> = found.iter().skip(offset).take(limit).copied().collect();
    let has_more = found.len() > offset.saturating_add(page.len());
    let mut json = call.world.threads_json(&page, has_more);
    let first = page
        .iter()
        .filter_map(|id| call.world.message(*id, *id).ok());
    json["first_messages"] = first.collect();
    json["total_results"] = json!(found.len());
    Ok(Answer::Json(json))
}

/// The thread in the path, which the bot sees and which is not archived.
fn open_thread(call: &Call<'_>) -> Result<Snowflake, Error> {
    let id = call.id("channel_id")?;
    call.require_in(id, 0)?;
    if call.world.thread(id)?.is_archived {
        return Err(Refusal::ArchivedThread.into());
    }
    Ok(id)
}

fn tags(fields: &Map<String, Value>) -> Result<Option<Vec<Snowflake>>, Error> {
    let Some(list) = fields.get("applied_tags").and_then(Value::as_array) else {
        return Ok(None);
    };
    let mut mistakes = Mistakes::default();
    for (place, tag) in list.iter().enumerate() {
        if rules::id(tag).is_none() {
            let path = ["applied_tags", &place.to_string()];
            let message = format!("Value {tag} is not snowflake.");
            mistakes.add(&path, "NUMBER_TYPE_COERCE", &message);
        }
    }
    mistakes.check()?;
    Ok(Some(list.iter().filter_map(rules::id).collect()))
}
