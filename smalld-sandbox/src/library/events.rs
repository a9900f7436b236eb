//! Events that a test causes: messages, reactions, and any dispatch.

use serde_json::Value;

use crate::gateway::target::Target;
use crate::library::sandbox::Sandbox;
use crate::world::Draft;
use crate::world::snowflake::Snowflake;

impl Sandbox {
    /// The user writes a message in the guild's channel. Returns the id of the message.
    ///
    /// Every session with the intents for it gets a `MESSAGE_CREATE`, now or when it resumes.
    ///
    /// # Panics
    ///
    /// If the text is empty, as nobody can send an empty message.
    pub fn say(&self, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let said = self.hub.change(|world, now| {
            let (channel, user) = (world.general(), world.person().id);
            world.post(channel, user, draft, now)
        });
        said.expect("a message has text").to_string()
    }

    /// The user writes a direct message to the bot. Returns the id of the message.
    ///
    /// # Panics
    ///
    /// If the text is empty.
    pub fn direct_message(&self, text: impl Into<String>) -> String {
        let draft = Draft::text(text);
        let said = self.hub.change(|world, now| {
            let user = world.person().id;
            let channel = world.direct_channel(user, now)?;
            world.post(channel, user, draft, now)
        });
        said.expect("a message has text").to_string()
    }

    /// The user reacts to a message with a Unicode emoji. Doing so again changes nothing.
    ///
    /// # Panics
    ///
    /// If there is no such message, or this is not an emoji.
    pub fn react(&self, message_id: impl AsRef<str>, emoji: &str) {
        let message_id = message_id.as_ref();
        let reacted = self.hub.change(|world, _| {
            let message = Snowflake::parse(message_id)?;
            let channel = world.channel_of(message)?;
            world.react(channel, message, world.person().id, emoji).ok()
        });
        assert!(
            reacted.is_some(),
            "cannot react to message `{message_id}` with `{emoji}`"
        );
    }

    /// Dispatches any event with any `d` to every session, whatever its intents.
    ///
    /// It is numbered, and replayed on a resume, like any other. The state of the sandbox does not
    /// change.
    pub fn dispatch(&self, event: impl AsRef<str>, d: impl Into<Value>) {
        let d = d.into();
        self.hub
            .act(|gateway| gateway.publish_to(Target::All, event.as_ref(), &d));
    }
}
