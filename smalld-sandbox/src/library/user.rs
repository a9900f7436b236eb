//! Users: what a test does in the place of a person.

pub(crate) mod interactions;
mod membership;
mod posts;
mod presence;
mod threads;

use std::fmt;
use std::sync::Arc;

use crate::hub::Hub;
use crate::library::names::find_channel;
use crate::world::snowflake::Snowflake;
use crate::world::{Draft, Edit};

/// A user in a guild; see [`Sandbox::user`](crate::Sandbox::user) and
/// [`Guild::user`](crate::Guild::user). Two values are equal if they are the same user.
///
/// Channels are those of this guild, named as in `#general`, with or without the `#`, or by their id.
/// What Discord would not offer to a user, such as a button that does not exist, is a mistake of the test
/// and panics.
#[derive(Clone)]
#[non_exhaustive]
pub struct User {
    /// The id, as in JSON.
    pub id: String,
    /// The username.
    pub name: String,
    /// The guild in which the user acts.
    pub(crate) guild: Snowflake,
    pub(crate) hub: Arc<Hub>,
}

impl User {
    /// The user's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn new(hub: &Arc<Hub>, guild: Snowflake, id: Snowflake, name: &str) -> Self {
        Self {
            id: id.to_string(),
            name: name.to_owned(),
            guild,
            hub: Arc::clone(hub),
        }
    }

    pub(crate) fn snowflake(&self) -> Snowflake {
        Snowflake::parse(&self.id).expect("the id of a user is a snowflake")
    }

    /// Writes a message. Returns its id, which belongs to no message if auto moderation blocks it.
    ///
    /// # Panics
    ///
    /// If there is no such channel, or the text is empty.
    pub async fn say(&self, channel: &str, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let user = self.snowflake();
        let said = self.hub.change(|world, now| {
            let channel = find_channel(world, self.guild, channel);
            world.post_moderated(channel, user, draft, now)
        });
        settle().await;
        said.expect("a message has text").to_string()
    }

    /// Writes a direct message to the bot. Returns its id.
    ///
    /// # Panics
    ///
    /// If the text is empty.
    pub async fn direct_message(&self, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let user = self.snowflake();
        let said = self.hub.change(|world, now| {
            let channel = world.direct_channel(user, now)?;
            world.post(channel, user, draft, now)
        });
        settle().await;
        said.expect("a message has text").to_string()
    }

    /// Edits an own message.
    ///
    /// # Panics
    ///
    /// If there is no such message of this user.
    pub async fn edit(&self, message: impl AsRef<str>, text: impl Into<String>) {
        let (message, user, content) = (message.as_ref(), self.snowflake(), text.into());
        let edited = self.hub.change(|world, now| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            let edit = Edit {
                content: Some(content),
                ..Edit::default()
            };
            world.edit(channel, id, user, edit, now).ok()
        });
        assert!(
            edited.is_some(),
            "{self} has no message `{message}` to edit"
        );
        settle().await;
    }

    /// Deletes a message.
    ///
    /// # Panics
    ///
    /// If there is no such message.
    pub async fn delete(&self, message: impl AsRef<str>) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let deleted = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.delete(channel, id, user).ok()
        });
        assert!(
            deleted.is_some(),
            "there is no message `{message}` to delete"
        );
        settle().await;
    }

    /// Reacts to a message with a Unicode emoji. Doing so again changes nothing.
    ///
    /// # Panics
    ///
    /// If there is no such message, or this is not an emoji.
    pub async fn react(&self, message: impl AsRef<str>, emoji: &str) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let reacted = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.react(channel, id, user, emoji).ok()
        });
        assert!(
            reacted.is_some(),
            "cannot react to message `{message}` with `{emoji}`"
        );
        settle().await;
    }

    /// Removes an own reaction; without one nothing happens.
    ///
    /// # Panics
    ///
    /// If there is no such message, or this is not an emoji.
    pub async fn unreact(&self, message: impl AsRef<str>, emoji: &str) {
        let (message, user) = (message.as_ref(), self.snowflake());
        let removed = self.hub.change(|world, _| {
            let id = Snowflake::parse(message)?;
            let channel = world.channel_of(id)?;
            world.unreact(channel, id, user, emoji).ok()
        });
        assert!(
            removed.is_some(),
            "cannot remove `{emoji}` from message `{message}`"
        );
        settle().await;
    }
}

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for User {}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Lets the tasks of the sandbox and of the bot run.
pub(super) async fn settle() {
    tokio::task::yield_now().await;
}
