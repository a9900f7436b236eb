//! The endpoints of messages that are written with a token: that of a webhook, or that of an
//! interaction, with which an application follows up.

use std::mem;

use serde_json::{Value, json};

use super::body::Body;
use super::call::Call;
use super::channels::check_thread_name;
use super::error::Error;
use super::form::Form;
use super::message_form;
use super::query;
use super::reply::Answer;
use super::webhooks::check_name;
use crate::world::message::{Draft, WebhookAuthor};
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::thread::{Start, ThreadDraft};

/// What the id and the token in the path belong to.
#[derive(Clone, Copy, Debug)]
enum Sender {
    Interaction(Snowflake),
    Webhook {
        id: Snowflake,
        /// The channel of the webhook, or the thread in the query.
        channel: Snowflake,
    },
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    match sender(call)? {
        Sender::Interaction(id) => {
            let draft = message_form::draft(mem::take(&mut call.body))?;
            let message = call.world.follow_up(id, draft, call.now)?;
            let message = call.world.message_of_interaction(id, message)?;
            Ok(Answer::Json(message))
        }
        Sender::Webhook { id, channel } => {
            let body = mem::take(&mut call.body);
            execute(call, id, channel, body)
        }
    }
}

/// A message in the format of Slack.
pub(crate) fn create_from_slack(call: &mut Call<'_>) -> Result<Answer, Error> {
    let body = mem::take(&mut call.body);
    let slack = body.json.unwrap_or_default();
    let attachments = slack["attachments"].as_array().into_iter().flatten();
    let embeds = attachments.map(|attachment| {
        json!({
            "title": attachment["title"], "url": attachment["title_link"],
            "description": attachment["text"],
        })
    });
    let mut message = json!({
        "content": slack["text"], "username": slack["username"], "avatar_url": slack["icon_url"],
    });
    message["embeds"] = embeds.collect();
    execute_compatible(call, message)?;
    Ok(Answer::Json(json!("ok")))
}

/// An event of GitHub, of which the sandbox shows who did something, and where.
pub(crate) fn create_from_github(call: &mut Call<'_>) -> Result<Answer, Error> {
    let body = mem::take(&mut call.body);
    let event = body.json.unwrap_or_default();
    let sender = event["sender"]["login"].as_str();
    let sender = sender.ok_or_else(|| {
        Error::of_field(&["sender"], "BASE_TYPE_REQUIRED", "This field is required")
    })?;
    let place = event["repository"]["full_name"].as_str();
    let action = event["action"].as_str().unwrap_or("push");
    let title = format!("[{}] {action}", place.unwrap_or("GitHub"));
    let message = json!({
        "username": "GitHub", "embeds": [{ "title": title, "author": { "name": sender } }],
    });
    execute_compatible(call, message)?;
    Ok(Answer::NoContent)
}

fn execute_compatible(call: &mut Call<'_>, message: Value) -> Result<(), Error> {
    let Sender::Webhook { id, channel } = sender(call)? else {
        return Err(Refusal::UnknownWebhook.into());
    };
    if call.world.channel(channel)?.kind.has_posts() {
        return Err(Refusal::NoServiceInForum.into());
    }
    let body = Body {
        json: Some(message),
        ..Body::default()
    };
    execute(call, id, channel, body)?;
    Ok(())
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (sender, message) = message(call)?;
    Ok(Answer::Json(sender.message(call, message)?))
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (sender, message) = message(call)?;
    sender.message(call, message)?;
    let edit = message_form::edit(mem::take(&mut call.body))?;
    let channel = sender.channel(call)?;
    if call.world.would_be_empty(channel, message, &edit) {
        return Err(Refusal::EmptyMessage.into());
    }
    let author = sender.author(call);
    call.world.edit(channel, message, author, edit, call.now)?;
    Ok(Answer::Json(sender.message(call, message)?))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    let (sender, message) = message(call)?;
    sender.message(call, message)?;
    let channel = sender.channel(call)?;
    let author = sender.author(call);
    call.world.delete(channel, message, author)?;
    Ok(Answer::NoContent)
}

impl Sender {
    /// A message that this sender wrote.
    fn message(self, call: &Call<'_>, message: Snowflake) -> Result<Value, Refusal> {
        match self {
            Self::Interaction(id) => call.world.message_of_interaction(id, message),
            Self::Webhook { id, channel } => call.world.message_of_webhook(id, channel, message),
        }
    }

    fn channel(self, call: &Call<'_>) -> Result<Snowflake, Refusal> {
        match self {
            Self::Interaction(id) => {
                let interaction = call.world.interaction(id);
                Ok(interaction.ok_or(Refusal::UnknownWebhook)?.channel)
            }
            Self::Webhook { channel, .. } => Ok(channel),
        }
    }

    fn author(self, call: &Call<'_>) -> Snowflake {
        match self {
            Self::Interaction(_) => call.world.bot().id,
            Self::Webhook { id, .. } => id,
        }
    }
}

/// Who writes. An id that is not that of a webhook is that of the application.
fn sender(call: &Call<'_>) -> Result<Sender, Error> {
    let (id, token) = (call.id("webhook_id")?, call.value("webhook_token"));
    if call.world.webhook(id).is_err() {
        return Ok(Sender::Interaction(
            call.world.answered(id, token, call.now)?,
        ));
    }
    let webhook = call.world.webhook_with(id, token)?;
    let thread = query::pairs(&call.query).find(|(name, _)| name == "thread_id");
    let Some((name, thread)) = thread else {
        let channel = webhook.channel;
        return Ok(Sender::Webhook { id, channel });
    };
    let channel = query::id(&name, &thread)?;
    let parent = call.world.thread(channel).map(|thread| thread.parent);
    if parent != Ok(webhook.channel) {
        return Err(Refusal::UnknownChannel.into());
    }
    Ok(Sender::Webhook { id, channel })
}

/// Who wrote, and the message that the path names; `@original` is the first answer to an interaction.
fn message(call: &Call<'_>) -> Result<(Sender, Snowflake), Error> {
    let sender = sender(call)?;
    if !call.value("message_id").is_empty() {
        return Ok((sender, call.id("message_id")?));
    }
    let Sender::Interaction(id) = sender else {
        return Err(Refusal::UnknownMessage.into());
    };
    let interaction = call.world.interaction(id);
    let original = interaction.and_then(|interaction| interaction.original);
    Ok((sender, original.ok_or(Refusal::UnknownMessage)?))
}

/// Writes a message as a webhook: in its channel, in a thread of it, or as a new post of a forum.
fn execute(
    call: &mut Call<'_>,
    id: Snowflake,
    channel: Snowflake,
    body: Body,
) -> Result<Answer, Error> {
    let json = body.json.clone().unwrap_or_else(|| json!({}));
    let author = author(&json)?;
    let post = json["thread_name"].as_str().filter(|name| !name.is_empty());
    let has_posts = call.world.channel(channel)?.kind.has_posts();
    let in_thread = call.world.thread(channel).is_ok();
    match (post, has_posts) {
        (None, true) => return Err(Refusal::MissingThread.into()),
        (Some(_), false) if in_thread => return Err(Refusal::TwoThreads.into()),
        (Some(_), false) => return Err(Refusal::NotAForum.into()),
        _ => {}
    }
    let mut draft = message_form::draft(body)?;
    draft.webhook = Some(author);
    let may_interact = call.world.webhook(id)?.is_of_application;
    if !may_interact && !query::flag(&call.query, "with_components") {
        draft.components.clear();
    }
    let place = if let Some(name) = post {
        create_post(call, id, channel, name, draft)?
    } else {
        let message = call.world.post_as_webhook(id, channel, draft, call.now)?;
        (channel, message)
    };
    if !query::flag(&call.query, "wait") {
        return Ok(Answer::NoContent);
    }
    let message = call.world.message_of_webhook(id, place.0, place.1)?;
    Ok(Answer::Json(message))
}

fn create_post(
    call: &mut Call<'_>,
    id: Snowflake,
    forum: Snowflake,
    name: &str,
    draft: Draft,
) -> Result<(Snowflake, Snowflake), Error> {
    check_thread_name(name)?;
    let draft = call.world.draft_of_webhook(id, draft)?;
    let thread = ThreadDraft {
        name: name.to_owned(),
        archive_after: None,
        slowmode: None,
        is_invitable: true,
        tags: Vec::new(),
    };
    let start = Start::Post(Box::new(draft));
    let post = call
        .world
        .create_thread(forum, id, thread, start, call.now)?;
    Ok((post, post))
}

/// The name and the picture that this one message has.
fn author(json: &Value) -> Result<WebhookAuthor, Error> {
    let mut form = Form::of(json)?;
    let name = form.text("username", 80);
    let avatar = form.text("avatar_url", 2048);
    form.mistakes.check()?;
    if let Some(name) = &name {
        check_name("username", name)?;
    }
    Ok(WebhookAuthor {
        name: name.filter(|name| !name.is_empty()),
        avatar,
        is_of_application: false,
    })
}
