//! Messages written, edited and deleted, and typing.

use std::mem;

use serde_json::{Value, json};

use super::message::{AllowedMentions, Attachment, Draft, Edit, Message, Reference, Upload};
use super::poll::Poll;
use super::refusal::Refusal;
use super::{World, component, mention};
use crate::world::snowflake::Snowflake;

/// How old a message may be to be deleted with others: two weeks, in milliseconds.
const MAX_BULK_AGE: u64 = 14 * 86_400_000;

/// The fields of a message that are kept when it is forwarded.
const FORWARDED: &[&str] = &[
    "type",
    "content",
    "mentions",
    "mention_roles",
    "attachments",
    "embeds",
    "timestamp",
    "edited_timestamp",
    "flags",
    "components",
    "sticker_items",
];

/// Message flags.
const SUPPRESS_EMBEDS: u64 = 1 << 2;
const COMPONENTS_V2: u64 = 1 << 15;
const LOADING: u64 = 1 << 7;
/// The type of the message with which a thread begins that began with a message of its parent.
const THREAD_STARTER: u64 = 21;

impl World {
    pub(crate) fn post(
        &mut self,
        channel: Snowflake,
        author: Snowflake,
        mut draft: Draft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if let Some(same) = self.with_same_nonce(channel, author, &draft)? {
            return Ok(same);
        }
        let needs_no_text = draft.flags & LOADING != 0 || draft.reference.is_some();
        if draft.is_empty() && !needs_no_text {
            return Err(Refusal::EmptyMessage);
        }
        component::complete(&mut draft.components);
        let reply_to = self.original(channel, &draft)?;
        let mentions = self.mentions(channel, reply_to, &draft.content, &draft.may_mention);
        let message = Message {
            // Attachments have older ids than their message, as on Discord.
            attachments: self.attach(draft.uploads, now),
            id: draft.id.unwrap_or_else(|| self.ids.next(now)),
            author,
            webhook: draft.webhook,
            mentions_everyone: draft.may_mention.everyone && mention::everyone(&draft.content),
            mentions,
            content: draft.content,
            edited: None,
            pinned: None,
            tts: draft.tts,
            nonce: draft.nonce,
            flags: draft.flags,
            embeds: draft.embeds,
            components: draft.components,
            poll: draft.poll.map(|poll| Poll::new(&poll, now)),
            reply_to,
            snapshot: draft.reference.and_then(|to| self.snapshot(to)),
            reference: draft.reference,
            kind: draft.kind,
            interaction: draft.interaction,
            visible_to: draft.visible_to,
            reactions: Vec::new(),
        };
        let id = message.id;
        let expires = message.poll.as_ref().and_then(Poll::expires);
        self.note_deadline(expires.unwrap_or(u64::MAX));
        let begins_thread = message.kind == THREAD_STARTER || draft.id.is_some();
        self.channel_mut(channel)?.add(message);
        self.count_message(channel, begins_thread, now);
        self.tell_of_message("MESSAGE_CREATE", channel, id);
        if !begins_thread {
            self.join_by_writing(channel, id, now);
        }
        Ok(id)
    }

    pub(crate) fn edit(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
        edit: Edit,
        now: u64,
    ) -> Result<(), Refusal> {
        let original = self.message_of(channel, id)?;
        if original.author != by {
            return Err(Refusal::NotTheAuthor);
        }
        let reply_to = original.reply_to;
        let mentions = edit
            .content
            .as_ref()
            .map(|content| self.mentions(channel, reply_to, content, &edit.may_mention));
        let added = self.attach(edit.uploads, now);
        let message = self.message_of(channel, id)?;
        if let Some(keep) = edit.keep {
            message
                .attachments
                .retain(|attachment| keep.contains(&attachment.id));
        }
        message.attachments.extend(added);
        message.content = edit
            .content
            .unwrap_or_else(|| mem::take(&mut message.content));
        message.mentions = mentions.unwrap_or_else(|| mem::take(&mut message.mentions));
        message.embeds = edit
            .embeds
            .unwrap_or_else(|| mem::take(&mut message.embeds));
        if let Some(mut components) = edit.components {
            component::complete(&mut components);
            message.components = components;
        }
        // An edit hides embeds, turns to version 2 of components, and ends the loading. The other
        // flags are decided when the message is made.
        let kept = message.flags & !(LOADING | SUPPRESS_EMBEDS);
        let changed = edit.flags.unwrap_or(message.flags);
        message.flags = kept | changed & (SUPPRESS_EMBEDS | COMPONENTS_V2);
        message.edited = Some(now);
        self.tell_of_message("MESSAGE_UPDATE", channel, id);
        Ok(())
    }

    /// Whether this edit would leave the message empty.
    pub(crate) fn would_be_empty(&self, channel: Snowflake, id: Snowflake, edit: &Edit) -> bool {
        let message = self
            .channels
            .get(&channel)
            .and_then(|channel| channel.messages.get(&id));
        let cleared = edit
            .content
            .as_ref()
            .is_some_and(|content| content.trim().is_empty());
        let kept = |attachment: &Attachment| {
            edit.keep
                .as_ref()
                .is_none_or(|keep| keep.contains(&attachment.id))
        };
        message.is_some_and(|message| {
            (cleared || edit.content.is_none() && message.content.trim().is_empty())
                && edit.embeds.as_ref().unwrap_or(&message.embeds).is_empty()
                && edit
                    .components
                    .as_ref()
                    .unwrap_or(&message.components)
                    .is_empty()
                && message.poll.is_none()
                && edit.uploads.is_empty()
                && !message.attachments.iter().any(kept)
        })
    }

    pub(crate) fn delete(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
    ) -> Result<(), Refusal> {
        let others = self.message_of(channel, id)?.author != by;
        let place = self.channel_mut(channel)?;
        if others && place.guild().is_none() {
            return Err(Refusal::NotInDirectMessages);
        }
        place.messages.remove(&id);
        if let Some(thread) = &mut place.thread {
            thread.messages = thread.messages.saturating_sub(1);
        }
        self.tell(
            "MESSAGE_DELETE",
            channel,
            json!({ "id": id, "channel_id": channel }),
        );
        Ok(())
    }

    /// Shows or hides the embeds of a message, which moderators may do with those of others.
    pub(crate) fn suppress_embeds(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        is_hidden: bool,
    ) -> Result<(), Refusal> {
        let flags = &mut self.message_of(channel, id)?.flags;
        *flags = *flags & !SUPPRESS_EMBEDS | if is_hidden { SUPPRESS_EMBEDS } else { 0 };
        self.tell_of_message("MESSAGE_UPDATE", channel, id);
        Ok(())
    }

    /// Deletes messages of a guild, none of which may be older than two weeks. Unknown ones are ignored.
    pub(crate) fn delete_many(
        &mut self,
        channel: Snowflake,
        ids: &[Snowflake],
        now: u64,
    ) -> Result<(), Refusal> {
        if ids.iter().any(|id| id.millis() + MAX_BULK_AGE < now) {
            return Err(Refusal::TooOld);
        }
        let place = self.channel_mut(channel)?;
        let mut gone = ids.to_vec();
        gone.retain(|id| place.messages.remove(id).is_some());
        if let Some(thread) = &mut place.thread {
            thread.messages = thread.messages.saturating_sub(gone.len() as u64);
        }
        if !gone.is_empty() {
            let data = json!({ "ids": gone, "channel_id": channel });
            self.tell("MESSAGE_DELETE_BULK", channel, data);
        }
        Ok(())
    }

    pub(crate) fn type_in(
        &mut self,
        channel: Snowflake,
        by: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        let guild = self.channel(channel)?.guild();
        let mut event = json!({ "channel_id": channel, "user_id": by, "timestamp": now / 1000 });
        if let Some(member) = guild.and_then(|guild| self.member(guild, by)) {
            event["member"] = member;
        }
        self.tell("TYPING_START", channel, event);
        Ok(())
    }

    /// What is kept of a message that is forwarded.
    fn snapshot(&self, to: Reference) -> Option<Value> {
        let channel = self.channels.get(&to.channel)?;
        let message = channel.messages.get(&to.message?);
        let message = message.filter(|_| to.kind == Reference::FORWARD)?;
        let mut json = self.message_json(channel, message);
        json.as_object_mut()?
            .retain(|key, _| FORWARDED.contains(&key.as_str()));
        Some(json)
    }

    /// The author of a message in a thread becomes a member, and so do those whom it mentions.
    fn join_by_writing(&mut self, channel: Snowflake, id: Snowflake, now: u64) {
        let place = self.channels.get(&channel).filter(|c| c.thread.is_some());
        let Some(message) = place.and_then(|place| place.messages.get(&id)) else {
            return;
        };
        let users = [&[message.author], &message.mentions[..]].concat();
        for user in users {
            // Webhooks, and users who have left the guild, do not become members.
            let _ = self.add_to_thread(channel, user, now);
        }
    }

    fn with_same_nonce(
        &self,
        channel: Snowflake,
        author: Snowflake,
        draft: &Draft,
    ) -> Result<Option<Snowflake>, Refusal> {
        let channel = self.channel(channel)?;
        let Some(nonce) = draft.nonce.as_ref().filter(|_| draft.enforce_nonce) else {
            return Ok(None);
        };
        let mut own = channel
            .messages
            .values()
            .filter(|message| message.author == author);
        Ok(own
            .find(|message| message.nonce.as_ref() == Some(nonce))
            .map(|message| message.id))
    }

    /// The message that the draft replies to.
    fn original(&self, channel: Snowflake, draft: &Draft) -> Result<Option<Snowflake>, Refusal> {
        let Some(original) = draft.reply_to else {
            return Ok(None);
        };
        let exists = self.channel(channel)?.messages.contains_key(&original);
        if !exists && draft.must_exist {
            return Err(Refusal::UnknownReference);
        }
        Ok(exists.then_some(original))
    }

    fn mentions(
        &self,
        channel: Snowflake,
        reply_to: Option<Snowflake>,
        content: &str,
        allowed: &AllowedMentions,
    ) -> Vec<Snowflake> {
        let mut mentioned = mention::users(content);
        mentioned.retain(|user| {
            self.users.contains_key(user) && (allowed.any_user || allowed.users.contains(user))
        });
        let replied = reply_to
            .filter(|_| allowed.replied_user)
            .and_then(|original| {
                self.channels
                    .get(&channel)?
                    .messages
                    .get(&original)
                    .map(|message| message.author)
            });
        if let Some(author) =
            replied.filter(|author| !mentioned.contains(author) && self.users.contains_key(author))
        {
            mentioned.push(author);
        }
        mentioned
    }

    fn attach(&mut self, uploads: Vec<Upload>, now: u64) -> Vec<Attachment> {
        let ids = &mut self.ids;
        uploads
            .into_iter()
            .map(|file| Attachment {
                id: ids.next(now),
                file,
            })
            .collect()
    }
}
