//! Reactions to messages, and who reacted.

use serde_json::{Value, json};

use super::emoji::Emoji;
use super::message::Reaction;
use super::refusal::Refusal;
use super::{User, World};
use crate::world::snowflake::Snowflake;

/// Discord's maximum of different emoji on one message.
const MAX_REACTIONS: usize = 20;

impl World {
    pub(crate) fn react(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
        emoji: &str,
    ) -> Result<(), Refusal> {
        let emoji = self.emoji(emoji)?;
        self.message(channel, id)?;
        let message = self.message_of(channel, id)?;
        let known = message
            .reactions
            .iter()
            .position(|reaction| reaction.emoji == emoji);
        if known.is_none() && message.reactions.len() >= MAX_REACTIONS {
            return Err(Refusal::TooManyReactions);
        }
        let place = known.unwrap_or_else(|| {
            message.reactions.push(Reaction {
                emoji: emoji.clone(),
                users: Vec::new(),
            });
            message.reactions.len() - 1
        });
        let users = &mut message.reactions[place].users;
        if users.contains(&by) {
            return Ok(());
        }
        users.push(by);
        let author = message.author;
        let mut event = reaction_event(channel, id, by, &emoji);
        event["message_author_id"] = json!(author);
        let guild = self.guild_of(channel);
        if let Some(member) = guild.and_then(|guild| self.member(guild, by)) {
            event["member"] = member;
        }
        self.tell("MESSAGE_REACTION_ADD", channel, event);
        Ok(())
    }

    pub(crate) fn unreact(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        by: Snowflake,
        emoji: &str,
    ) -> Result<(), Refusal> {
        let emoji = self.emoji(emoji)?;
        let message = self.message_of(channel, id)?;
        let of_emoji = message
            .reactions
            .iter_mut()
            .find(|reaction| reaction.emoji == emoji);
        let Some(users) = of_emoji.map(|reaction| &mut reaction.users) else {
            return Ok(());
        };
        let before = users.len();
        users.retain(|user| *user != by);
        let removed = users.len() < before;
        message
            .reactions
            .retain(|reaction| !reaction.users.is_empty());
        if removed {
            let event = reaction_event(channel, id, by, &emoji);
            self.tell("MESSAGE_REACTION_REMOVE", channel, event);
        }
        Ok(())
    }

    /// Removes the reactions with one emoji, or all.
    pub(crate) fn clear_reactions(
        &mut self,
        channel: Snowflake,
        id: Snowflake,
        emoji: Option<&str>,
    ) -> Result<(), Refusal> {
        let emoji = emoji.map(|text| Emoji::parse(text).ok_or(Refusal::UnknownEmoji));
        let emoji = emoji.transpose()?;
        let reactions = &mut self.message_of(channel, id)?.reactions;
        let before = reactions.len();
        let is_meant = |reaction: &Reaction| emoji.as_ref().is_none_or(|e| *e == reaction.emoji);
        reactions.retain(|reaction| !is_meant(reaction));
        if reactions.len() == before {
            return Ok(());
        }
        let mut event = json!({ "channel_id": channel, "message_id": id });
        if let Some(emoji) = emoji {
            event["emoji"] = emoji.json();
            self.tell("MESSAGE_REACTION_REMOVE_EMOJI", channel, event);
        } else {
            self.tell("MESSAGE_REACTION_REMOVE_ALL", channel, event);
        }
        Ok(())
    }

    /// The users who reacted with this emoji, smallest id first, as in REST.
    pub(crate) fn reactors(
        &self,
        channel: Snowflake,
        id: Snowflake,
        emoji: &str,
    ) -> Result<Vec<&User>, Refusal> {
        let emoji = self.emoji(emoji)?;
        let message = self
            .channel(channel)?
            .messages
            .get(&id)
            .ok_or(Refusal::UnknownMessage)?;
        let of_emoji = message
            .reactions
            .iter()
            .find(|reaction| reaction.emoji == emoji);
        let mut users = of_emoji
            .map(|reaction| reaction.users.clone())
            .unwrap_or_default();
        users.sort_unstable();
        Ok(users.iter().map(|user| &self.users[user]).collect())
    }
}

fn reaction_event(channel: Snowflake, message: Snowflake, by: Snowflake, emoji: &Emoji) -> Value {
    json!({
        "user_id": by,
        "channel_id": channel,
        "message_id": message,
        "emoji": emoji.json(),
        "burst": false,
        "type": 0,
    })
}
