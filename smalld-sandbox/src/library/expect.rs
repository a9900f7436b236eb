//! What a test waits for: the bot's messages, reactions and commands.

use std::time::Duration;

use serde_json::Value;

use crate::hub::{Hub, State};
use crate::library::report::report;
use crate::library::sandbox::Sandbox;
use crate::world::snowflake::Snowflake;

/// How long a test waits for the bot. A bot that keeps to the rate limits may wait five seconds itself.
const EXPECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Sandbox {
    /// Waits until the bot has reacted to this message with this emoji: a Unicode emoji, or the name of
    /// a custom one.
    ///
    /// # Panics
    ///
    /// If it does not within ten seconds: with the conversation, and the requests that were refused.
    pub async fn expect_reaction(&self, message: impl AsRef<str>, emoji: &str) {
        let message = message.as_ref();
        let found = |state: &State| {
            let json = message_json(state, message)?;
            let mut reactions = json["reactions"].as_array()?.iter();
            let is_it =
                |reaction: &Value| reaction["emoji"]["name"] == emoji && reaction["me"] == true;
            reactions.any(is_it).then_some(())
        };
        let what = || format!("the bot did not react to message `{message}` with `{emoji}`");
        expect(&self.hub, found, what).await;
    }

    /// Waits until this message is deleted, by the bot or by a user.
    ///
    /// # Panics
    ///
    /// If it is not within ten seconds: with the conversation, and the requests that were refused.
    pub async fn expect_deleted(&self, message: impl AsRef<str>) {
        let message = message.as_ref();
        let found = |state: &State| message_json(state, message).is_none().then_some(());
        let what = || format!("message `{message}` was not deleted");
        expect(&self.hub, found, what).await;
    }

    /// Waits until the bot has an application command of this name, of any type.
    ///
    /// # Panics
    ///
    /// If it has none within ten seconds.
    pub async fn expect_command(&self, name: &str) {
        let kinds = [1, 2, 3];
        let found = |state: &State| {
            let known = |kind: &u64| {
                state
                    .world
                    .command_names(*kind)
                    .iter()
                    .any(|known| known == name)
            };
            kinds.iter().any(known).then_some(())
        };
        let what = || format!("the bot did not register a command `{name}`");
        expect(&self.hub, found, what).await;
    }
}

/// Waits until `look` finds something.
pub(crate) async fn expect<T>(
    hub: &Hub,
    look: impl Fn(&State) -> Option<T>,
    what: impl FnOnce() -> String,
) -> T {
    let found = hub.wait_for(look, EXPECT_TIMEOUT).await;
    found.unwrap_or_else(|| panic!("{} within 10 s\n{}", what(), report(hub)))
}

/// A message as the bot gets it over REST.
fn message_json(state: &State, message: &str) -> Option<Value> {
    let id = Snowflake::parse(message)?;
    let channel = state.world.channel_of(id)?;
    state.world.message(channel, id).ok()
}
