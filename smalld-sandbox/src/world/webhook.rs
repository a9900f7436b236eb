//! Webhooks of channels: made, changed and deleted, and what is written through them.

use serde_json::{Value, json};

use super::World;
use super::channel::Kind;
use super::message::{Draft, Reference, WebhookAuthor};
use super::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::token;

/// Discord's maximum per channel.
const MAX_WEBHOOKS: usize = 15;
/// The types of webhooks.
const INCOMING: u64 = 1;
const FOLLOWER: u64 = 2;

/// A webhook.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) id: Snowflake,
    pub(crate) channel: Snowflake,
    pub(crate) name: String,
    /// The hash of the picture.
    pub(crate) avatar: Option<String>,
    token: String,
    guild: Snowflake,
    by: Snowflake,
    /// Whether an application made it, whose components then work.
    pub(crate) is_of_application: bool,
    /// The announcement channel that it follows.
    follows: Option<Snowflake>,
}

/// Which picture a webhook gets.
#[derive(Clone, Debug)]
pub(crate) enum Avatar {
    Keep,
    Clear,
    /// A new one, whose content is not stored.
    New,
}

impl World {
    /// Makes a webhook in a channel.
    pub(crate) fn create_webhook(
        &mut self,
        channel: Snowflake,
        name: &str,
        avatar: &Avatar,
        by: Snowflake,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let guild = self.check_place(channel)?;
        let id = self.ids.next(now);
        let webhook = Webhook {
            id,
            channel,
            name: name.to_owned(),
            avatar: avatar.hash(None),
            token: token::letters(68),
            guild,
            by,
            is_of_application: by == self.bot,
            follows: None,
        };
        self.webhooks.insert(id, webhook);
        self.tell_of_webhooks(channel);
        Ok(id)
    }

    /// Lets a channel get what is published in an announcement channel.
    pub(crate) fn follow(
        &mut self,
        source: Snowflake,
        target: Snowflake,
        by: Snowflake,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        if self.channel(source)?.kind != Kind::Announcement {
            return Err(Refusal::WrongChannelType);
        }
        let name = self.channel(source)?.name().to_owned();
        let id = self.create_webhook(target, &name, &Avatar::Clear, by, now)?;
        if let Some(webhook) = self.webhooks.get_mut(&id) {
            webhook.follows = Some(source);
        }
        Ok(id)
    }

    /// Changes a webhook, and perhaps moves it to another channel.
    pub(crate) fn edit_webhook(
        &mut self,
        id: Snowflake,
        name: Option<String>,
        avatar: &Avatar,
        channel: Option<Snowflake>,
    ) -> Result<(), Refusal> {
        let before = self.webhook(id)?.channel;
        let channel = channel.filter(|channel| *channel != before);
        if let Some(channel) = channel {
            self.check_place(channel)?;
        }
        let webhook = self.webhooks.get_mut(&id).ok_or(Refusal::UnknownWebhook)?;
        webhook.name = name.unwrap_or(std::mem::take(&mut webhook.name));
        webhook.avatar = avatar.hash(webhook.avatar.take());
        webhook.channel = channel.unwrap_or(before);
        self.tell_of_webhooks(before);
        if let Some(channel) = channel {
            self.tell_of_webhooks(channel);
        }
        Ok(())
    }

    pub(crate) fn delete_webhook(&mut self, id: Snowflake) -> Result<(), Refusal> {
        let webhook = self.webhooks.remove(&id).ok_or(Refusal::UnknownWebhook)?;
        self.tell_of_webhooks(webhook.channel);
        Ok(())
    }

    pub(crate) fn webhook(&self, id: Snowflake) -> Result<&Webhook, Refusal> {
        self.webhooks.get(&id).ok_or(Refusal::UnknownWebhook)
    }

    /// The webhook with this id, if the token is right.
    pub(crate) fn webhook_with(&self, id: Snowflake, token: &str) -> Result<&Webhook, Refusal> {
        let webhook = self.webhook(id)?;
        let is_right = webhook.token == token && webhook.follows.is_none();
        is_right
            .then_some(webhook)
            .ok_or(Refusal::InvalidWebhookToken)
    }

    /// Whether this is the token of a webhook or an interaction.
    pub(crate) fn knows_token(&self, token: &str) -> bool {
        let mut webhooks = self.webhooks.values();
        webhooks.any(|webhook| webhook.token == token) || self.has_interaction_token(token)
    }

    /// The webhooks of a guild, or of one of its channels.
    pub(crate) fn webhooks_of(&self, place: Snowflake) -> Vec<&Webhook> {
        let all = self.webhooks.values();
        let of_place = all.filter(|webhook| webhook.guild == place || webhook.channel == place);
        of_place.collect()
    }

    /// A webhook as in REST. The token is left out of those that others made, and the user where the
    /// caller only has the token.
    pub(crate) fn webhook_json(&self, webhook: &Webhook, with_user: bool) -> Value {
        let is_follower = webhook.follows.is_some();
        let mut json = json!({
            "id": webhook.id,
            "type": if is_follower { FOLLOWER } else { INCOMING },
            "guild_id": webhook.guild,
            "channel_id": webhook.channel,
            "name": webhook.name,
            "avatar": webhook.avatar,
            "application_id": webhook.is_of_application.then_some(self.bot),
        });
        if let Some(user) = self.users.get(&webhook.by).filter(|_| with_user) {
            json["user"] = user.json();
        }
        if let Some(source) = webhook.follows.and_then(|id| self.channels.get(&id)) {
            json["source_channel"] = json!({ "id": source.id, "name": source.name() });
            let guild = source.guild().and_then(|guild| self.guild(guild).ok());
            json["source_guild"] = json!(
                guild.map(|guild| { json!({ "id": guild.id, "name": guild.name, "icon": null }) })
            );
        } else if !is_follower {
            json["token"] = json!(webhook.token);
            let base = self.api_url();
            let url = format!("{base}/webhooks/{}/{}", webhook.id, webhook.token);
            json["url"] = json!(url);
        }
        json
    }

    /// Writes a message as a webhook, which may call itself otherwise.
    pub(crate) fn post_as_webhook(
        &mut self,
        id: Snowflake,
        channel: Snowflake,
        draft: Draft,
        now: u64,
    ) -> Result<Snowflake, Refusal> {
        let draft = self.draft_of_webhook(id, draft)?;
        self.post(channel, id, draft, now)
    }

    /// The draft with the author that the webhook is, unless the draft has one.
    pub(crate) fn draft_of_webhook(&self, id: Snowflake, draft: Draft) -> Result<Draft, Refusal> {
        let webhook = self.webhook(id)?;
        let given = draft.webhook.unwrap_or_default();
        let author = WebhookAuthor {
            name: given.name.or_else(|| Some(webhook.name.clone())),
            avatar: given.avatar.or_else(|| webhook.avatar.clone()),
            is_of_application: webhook.is_of_application,
        };
        Ok(Draft {
            webhook: Some(author),
            ..draft
        })
    }

    /// Publishes a message of an announcement channel to the channels that follow it.
    pub(crate) fn crosspost(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        now: u64,
    ) -> Result<(), Refusal> {
        const CROSSPOSTED: u64 = 1;
        const IS_CROSSPOST: u64 = 1 << 1;
        if self.channel(channel)?.kind != Kind::Announcement {
            return Err(Refusal::WrongChannelType);
        }
        let message = self.message_of(channel, id)?;
        if message.flags & CROSSPOSTED != 0 {
            return Err(Refusal::AlreadyCrossposted);
        }
        message.flags |= CROSSPOSTED;
        let (content, embeds) = (message.content.clone(), message.embeds.clone());
        self.tell_of_message("MESSAGE_UPDATE", channel, id);
        let followers = self
            .webhooks
            .values()
            .filter(|w| w.follows == Some(channel));
        let followers: Vec<_> = followers.map(|w| (w.id, w.channel)).collect();
        for (webhook, target) in followers {
            let copy = Draft {
                content: content.clone(),
                embeds: embeds.clone(),
                flags: IS_CROSSPOST,
                reference: Some(Reference::to(channel, Some(id))),
                ..Draft::default()
            };
            self.post_as_webhook(webhook, target, copy, now)?;
        }
        Ok(())
    }

    /// A message that this webhook wrote in this channel.
    pub(crate) fn message_of_webhook(
        &self,
        id: Snowflake,
        channel: Snowflake,
        message: Snowflake,
    ) -> Result<Value, Refusal> {
        let place = self.channel(channel)?;
        let found = place.messages.get(&message).filter(|m| m.author == id);
        let found = found.ok_or(Refusal::UnknownMessage)?;
        Ok(self.message_json(place, found))
    }

    /// Removes the webhooks of a channel that was deleted.
    pub(super) fn forget_webhooks(&mut self, channel: Snowflake) {
        self.webhooks
            .retain(|_, webhook| webhook.channel != channel);
    }

    /// The guild of a channel that can have one more webhook.
    fn check_place(&self, channel: Snowflake) -> Result<Snowflake, Refusal> {
        let place = self.channel(channel)?;
        if place.kind == Kind::Category || place.thread.is_some() {
            return Err(Refusal::WrongChannelType);
        }
        if self.webhooks_of(channel).len() >= MAX_WEBHOOKS {
            return Err(Refusal::TooManyWebhooks);
        }
        place.guild().ok_or(Refusal::NotInDirectMessages)
    }

    fn tell_of_webhooks(&mut self, channel: Snowflake) {
        self.tell("WEBHOOKS_UPDATE", channel, json!({ "channel_id": channel }));
    }

    /// The base URL of REST. Attachments are on the same server.
    fn api_url(&self) -> String {
        format!("{}/api/v10", self.media_url)
    }
}

impl Avatar {
    fn hash(&self, before: Option<String>) -> Option<String> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::New => Some(token::image_hash()),
        }
    }
}
