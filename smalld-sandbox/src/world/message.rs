//! Messages, drafts and edits of them, and their attachments and reactions.

use std::sync::Arc;

use serde_json::{Value, json};

use super::emoji::Emoji;
use super::poll::Poll;
use crate::world::snowflake::Snowflake;

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: Snowflake,
    /// A user or a webhook.
    pub(crate) author: Snowflake,
    /// How the webhook that is the author calls itself here.
    pub(crate) webhook: Option<WebhookAuthor>,
    pub(crate) content: String,
    pub(crate) edited: Option<u64>,
    /// When the message was pinned, if it is.
    pub(crate) pinned: Option<u64>,
    pub(crate) tts: bool,
    pub(crate) nonce: Option<Value>,
    pub(crate) flags: u64,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) poll: Option<Poll>,
    pub(crate) mentions: Vec<Snowflake>,
    pub(crate) mentions_everyone: bool,
    pub(crate) reply_to: Option<Snowflake>,
    /// The message or channel that it is about, other than that of a reply.
    pub(crate) reference: Option<Reference>,
    /// What a forwarded message was when it was forwarded.
    pub(crate) snapshot: Option<Value>,
    /// Discord's type of the message.
    pub(crate) kind: u64,
    /// The interaction that the message answers.
    pub(crate) interaction: Option<InteractionLink>,
    /// The only user who sees the message, if it is ephemeral.
    pub(crate) visible_to: Option<Snowflake>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) reactions: Vec<Reaction>,
}

/// A message before it is sent.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The id of the first message of a post, which is that of the thread.
    pub(crate) id: Option<Snowflake>,
    pub(crate) content: String,
    pub(crate) tts: bool,
    pub(crate) nonce: Option<Value>,
    /// Whether an existing message with the same nonce is returned instead.
    pub(crate) enforce_nonce: bool,
    pub(crate) flags: u64,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    /// The poll as it was sent.
    pub(crate) poll: Option<Value>,
    pub(crate) reply_to: Option<Snowflake>,
    pub(crate) reference: Option<Reference>,
    /// If a webhook writes: how it calls itself.
    pub(crate) webhook: Option<WebhookAuthor>,
    /// Whether a reply to an unknown message is refused; otherwise it becomes a plain message.
    pub(crate) must_exist: bool,
    pub(crate) may_mention: AllowedMentions,
    pub(crate) uploads: Vec<Upload>,
    /// Discord's type of the message; a reply has its own type in any case.
    pub(crate) kind: u64,
    pub(crate) interaction: Option<InteractionLink>,
    pub(crate) visible_to: Option<Snowflake>,
}

/// How a webhook appears in one message.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookAuthor {
    pub(crate) name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) is_of_application: bool,
}

impl WebhookAuthor {
    /// The author as in messages: a user of Discord's old kind, with the id of the webhook.
    pub(crate) fn json(&self, id: Snowflake) -> Value {
        json!({
            "id": id,
            "username": self.name,
            "discriminator": "0000",
            "global_name": null,
            "avatar": self.avatar,
            "bot": true,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": null,
        })
    }
}

/// What a message points at, in any channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// Discord's type of the reference.
    pub(crate) kind: u64,
    pub(crate) channel: Snowflake,
    pub(crate) message: Option<Snowflake>,
}

impl Reference {
    /// The type of the reference to a message that is forwarded.
    pub(crate) const FORWARD: u64 = 1;

    pub(crate) fn to(channel: Snowflake, message: Option<Snowflake>) -> Self {
        Self {
            kind: 0,
            channel,
            message,
        }
    }
}

/// What a message remembers of the interaction that it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InteractionLink {
    pub(crate) id: Snowflake,
    /// Discord's type of the interaction.
    pub(crate) kind: u64,
    pub(crate) user: Snowflake,
}

/// A change of a message; a field that is none stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) content: Option<String>,
    pub(crate) flags: Option<u64>,
    pub(crate) embeds: Option<Vec<Value>>,
    pub(crate) components: Option<Vec<Value>>,
    pub(crate) may_mention: AllowedMentions,
    /// The attachments that remain; none for all.
    pub(crate) keep: Option<Vec<Snowflake>>,
    pub(crate) uploads: Vec<Upload>,
}

/// Target a message may mention, however its text reads.
#[derive(Clone, Debug)]
pub(crate) struct AllowedMentions {
    pub(crate) everyone: bool,
    pub(crate) any_user: bool,
    pub(crate) users: Vec<Snowflake>,
    pub(crate) replied_user: bool,
}

impl Default for AllowedMentions {
    /// Everybody, if nothing is stated.
    fn default() -> Self {
        Self {
            everyone: true,
            any_user: true,
            users: Vec::new(),
            replied_user: true,
        }
    }
}

/// A file of a message.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) description: Option<String>,
    pub(crate) bytes: Arc<[u8]>,
}

#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) id: Snowflake,
    pub(crate) file: Upload,
}

#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) emoji: Emoji,
    /// In the order in which they reacted.
    pub(crate) users: Vec<Snowflake>,
}

impl Draft {
    pub(crate) fn text(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.content.trim().is_empty()
            && self.embeds.is_empty()
            && self.components.is_empty()
            && self.poll.is_none()
            && self.uploads.is_empty()
    }
}

impl Edit {
    /// Whether it only changes flags.
    pub(crate) fn is_of_flags(&self) -> bool {
        self.content.is_none()
            && self.embeds.is_none()
            && self.components.is_none()
            && self.keep.is_none()
            && self.uploads.is_empty()
    }
}

impl Attachment {
    /// `at` is the URL of this channel's attachments.
    pub(crate) fn json(&self, at: &str) -> Value {
        let url = format!("{at}/{}/{}", self.id, in_url(&self.file.filename));
        let mut attachment = json!({
            "id": self.id,
            "filename": self.file.filename,
            "size": self.file.bytes.len(),
            "url": url,
            "proxy_url": url,
            "content_type": self.file.content_type,
            "flags": 0,
        });
        if let Some(description) = &self.file.description {
            attachment["description"] = json!(description);
        }
        attachment
    }
}

fn in_url(filename: &str) -> String {
    percent_encoding::utf8_percent_encode(filename, UNSAFE_IN_PATH).to_string()
}

/// All characters but those that RFC 3986 calls unreserved.
const UNSAFE_IN_PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
