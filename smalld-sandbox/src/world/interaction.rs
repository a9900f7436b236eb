//! Interactions: what a user does with an application, and how the application answers.
//!
//! An interaction must be answered within three seconds, once. Its token is valid for 15 minutes; with
//! it the application edits its answer and sends further messages.

use serde_json::{Value, json};

use super::message::{Draft, Edit};
use super::refusal::Refusal;
use super::{World, component};
use crate::world::snowflake::Snowflake;
use crate::world::token;

/// How long an application has to answer, in milliseconds.
const ANSWER_TIMEOUT: u64 = 3_000;
/// How long the token of an interaction is valid, in milliseconds.
const TOKEN_LIFETIME: u64 = 15 * 60_000;
/// How many interactions are remembered; beyond that the oldest is removed.
const MAX_INTERACTIONS: usize = 10_000;

/// Message flags.
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;
/// Types of messages that answer an interaction.
const CHAT_INPUT_COMMAND: u64 = 20;
const CONTEXT_MENU_COMMAND: u64 = 23;

/// Discord's types of interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Command = 2,
    Component = 3,
    Autocomplete = 4,
    ModalSubmit = 5,
}

/// One interaction, and its answer so far.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) token: String,
    pub(crate) kind: Kind,
    pub(crate) channel: Snowflake,
    created: u64,
    user: Snowflake,
    /// The type of the messages that answer it.
    message_kind: u64,
    /// The message whose component was used.
    source: Option<Snowflake>,
    pub(crate) answer: Option<Answer>,
    /// The message of the answer: a new one, or the source if that was updated.
    pub(crate) original: Option<Snowflake>,
}

/// The first answer, which decides about everything after it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Message,
    /// The message follows as an edit.
    DeferredMessage,
    /// The source may be edited later.
    DeferredUpdate,
    Update,
    Choices(Vec<Value>),
    Modal(Value),
}

/// What the application sends as its first answer.
#[derive(Debug)]
pub(crate) enum Callback {
    Message(Box<Draft>),
    DeferMessage { is_ephemeral: bool },
    DeferUpdate,
    Update(Box<Edit>),
    Choices(Vec<Value>),
    Modal(Value),
}

/// What a user does.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) kind: Kind,
    pub(crate) user: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) data: Value,
    /// The message whose component was used, or which opened the modal.
    pub(crate) source: Option<Snowflake>,
}

impl World {
    /// Begins an interaction, and dispatches it to the application.
    pub(crate) fn interact(&mut self, act: &Act, now: u64) -> Snowflake {
        let id = self.ids.next(now);
        let token = token::letters(64);
        let payload = self.interaction_json(id, &token, act);
        let is_context_menu = matches!(act.data["type"].as_u64(), Some(2 | 3));
        let interaction = Interaction {
            token,
            kind: act.kind,
            channel: act.channel,
            created: now,
            user: act.user,
            message_kind: match act.kind {
                Kind::Command if is_context_menu => CONTEXT_MENU_COMMAND,
                Kind::Command => CHAT_INPUT_COMMAND,
                _ => 0,
            },
            source: act.source,
            answer: None,
            original: None,
        };
        self.interactions.insert(id, interaction);
        while self.interactions.len() > MAX_INTERACTIONS {
            self.interactions.pop_first();
        }
        let guild = self.guild_of(act.channel);
        self.push("INTERACTION_CREATE", guild, payload);
        id
    }

    pub(crate) fn interaction(&self, id: Snowflake) -> Option<&Interaction> {
        self.interactions.get(&id)
    }

    /// Whether this is the token of an interaction.
    pub(crate) fn has_interaction_token(&self, token: &str) -> bool {
        self.interactions.values().any(|known| known.token == token)
    }

    /// The interaction that waits for its first answer.
    pub(crate) fn unanswered(
        &self,
        id: Snowflake,
        token: &str,
        now: u64,
    ) -> Result<&Interaction, Refusal> {
        let interaction = self.interactions.get(&id);
        let interaction = interaction.filter(|known| known.token == token);
        let interaction = interaction.ok_or(Refusal::UnknownInteraction)?;
        if interaction.answer.is_some() {
            return Err(Refusal::AlreadyAcknowledged);
        }
        if now.saturating_sub(interaction.created) > ANSWER_TIMEOUT {
            return Err(Refusal::UnknownInteraction);
        }
        Ok(interaction)
    }

    /// The answered interaction with this token, whose answer can be edited and followed up.
    pub(crate) fn answered(
        &self,
        application: Snowflake,
        token: &str,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if application != self.bot {
            return Err(Refusal::UnknownWebhook);
        }
        let mut all = self.interactions.iter();
        let (id, interaction) = all
            .find(|(_, known)| known.token == token)
            .ok_or(Refusal::InvalidWebhookToken)?;
        if now.saturating_sub(interaction.created) > TOKEN_LIFETIME {
            return Err(Refusal::InvalidWebhookToken);
        }
        interaction
            .answer
            .as_ref()
            .map(|_| *id)
            .ok_or(Refusal::UnknownWebhook)
    }

    /// Records the first answer, and shows what it shows.
    pub(crate) fn answer(
        &mut self,
        id: Snowflake,
        callback: Callback,
        now: u64,
    ) -> Result<(), Refusal> {
        let interaction = self.interactions.get(&id);
        let interaction = interaction.ok_or(Refusal::UnknownInteraction)?;
        let (channel, source) = (interaction.channel, interaction.source);
        let (answer, original) = match callback {
            Callback::Message(draft) => {
                let message = self.post_for(id, *draft, now)?;
                (Answer::Message, Some(message))
            }
            Callback::DeferMessage { is_ephemeral } => {
                let draft = Draft {
                    flags: LOADING | if is_ephemeral { EPHEMERAL } else { 0 },
                    ..Draft::default()
                };
                let message = self.post_for(id, draft, now)?;
                (Answer::DeferredMessage, Some(message))
            }
            Callback::DeferUpdate => (Answer::DeferredUpdate, source),
            Callback::Update(edit) => {
                let source = source.ok_or(Refusal::UnknownMessage)?;
                self.edit(channel, source, self.bot, *edit, now)?;
                (Answer::Update, Some(source))
            }
            Callback::Choices(choices) => (Answer::Choices(choices), None),
            Callback::Modal(mut modal) => {
                let components = modal["components"].as_array_mut();
                component::complete(components.map(Vec::as_mut_slice).unwrap_or_default());
                (Answer::Modal(modal), None)
            }
        };
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.answer = Some(answer);
            interaction.original = original;
        }
        Ok(())
    }

    /// A further message. The first one after a deferred answer becomes that answer, as on Discord.
    pub(crate) fn follow_up(
        &mut self,
        id: Snowflake,
        draft: Draft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let interaction = self.interactions.get(&id);
        let interaction = interaction.ok_or(Refusal::UnknownWebhook)?;
        let (channel, original) = (interaction.channel, interaction.original);
        let is_deferred = interaction.answer == Some(Answer::DeferredMessage);
        match original.filter(|_| is_deferred) {
            Some(original) if self.is_loading(channel, original) => {
                if draft.is_empty() {
                    return Err(Refusal::EmptyMessage);
                }
                let edit = Edit {
                    content: Some(draft.content),
                    embeds: Some(draft.embeds),
                    components: Some(draft.components),
                    may_mention: draft.may_mention,
                    uploads: draft.uploads,
                    ..Edit::default()
                };
                self.edit(channel, original, self.bot, edit, now)?;
                Ok(original)
            }
            _ => self.post_for(id, draft, now),
        }
    }

    /// Whether the message is a deferred answer that has not followed yet.
    pub(crate) fn is_loading(&self, channel: Snowflake, message: Snowflake) -> bool {
        let channel = self.channels.get(&channel);
        let message = channel.and_then(|channel| channel.messages.get(&message));
        message.is_some_and(|message| message.flags & LOADING != 0)
    }

    /// The messages of an interaction that its token can read and change.
    pub(crate) fn message_of_interaction(
        &self,
        id: Snowflake,
        message: Snowflake,
    ) -> Result<Value, Refusal> {
        let interaction = self.interactions.get(&id).ok_or(Refusal::UnknownWebhook)?;
        let channel = self.channel(interaction.channel)?;
        let found = channel.messages.get(&message);
        let is_own =
            |of: Option<Snowflake>| of == Some(id) || interaction.original == Some(message);
        let found = found.filter(|message| is_own(message.interaction.as_ref().map(|i| i.id)));
        let found = found.ok_or(Refusal::UnknownMessage)?;
        Ok(self.message_json(channel, found))
    }

    fn post_for(&mut self, id: Snowflake, draft: Draft, now: u64) -> Result<Snowflake, Refusal> {
        let interaction = self.interactions.get(&id);
        let interaction = interaction.ok_or(Refusal::UnknownInteraction)?;
        let (channel, user) = (interaction.channel, interaction.user);
        let link = super::message::InteractionLink {
            id,
            kind: interaction.kind as u64,
            user,
        };
        let is_ephemeral = draft.flags & EPHEMERAL != 0;
        let draft = Draft {
            kind: interaction.message_kind,
            interaction: Some(link),
            visible_to: is_ephemeral.then_some(user),
            ..draft
        };
        self.post(channel, self.bot, draft, now)
    }

    fn interaction_json(&self, id: Snowflake, token: &str, act: &Act) -> Value {
        let guild = self.guild_of(act.channel);
        let mut payload = json!({
            "id": id,
            "application_id": self.bot,
            "type": act.kind as u64,
            "data": act.data,
            "token": token,
            "version": 1,
            "channel_id": act.channel,
            "locale": "en-US",
            "entitlements": [],
            "attachment_size_limit": 10 << 20,
            "app_permissions":
                self.permissions_json(guild.unwrap_or(self.home), self.bot),
        });
        let channel = self.channels.get(&act.channel);
        if let Some(channel) = channel {
            payload["channel"] = self.channel_json(channel);
            let source = act.source.and_then(|id| channel.messages.get(&id));
            if let Some(source) = source {
                payload["message"] = self.message_json(channel, source);
            }
        }
        let member = guild.and_then(|guild| self.member(guild, act.user));
        match (guild, member) {
            (Some(guild), Some(mut member)) => {
                member["permissions"] = self.permissions_json(guild, act.user);
                payload["member"] = member;
                payload["guild_id"] = json!(guild);
                payload["guild_locale"] = json!("en-US");
                payload["guild"] = json!({ "id": guild, "locale": "en-US", "features": [] });
            }
            _ => payload["user"] = self.users[&act.user].json(),
        }
        // The guild that installed the application; "0" stands for direct messages with the bot.
        let owner = guild.map_or_else(|| "0".to_owned(), |guild| guild.to_string());
        payload["authorizing_integration_owners"] = json!({ "0": owner });
        // The context of a guild is 0, of the direct messages with the bot 1.
        payload["context"] = json!(u64::from(guild.is_none()));
        payload
    }
}
