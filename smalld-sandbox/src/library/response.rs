//! What a user sees of the bot's answer to an interaction.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::hub::{Hub, State};
use crate::library::report::report;
use crate::world::interaction::Answer;
use crate::world::snowflake::Snowflake;

/// How long Discord waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a test waits for a deferred message to follow.
const DEFERRED_TIMEOUT: Duration = Duration::from_secs(5);

/// The answer of the bot to a command, a component or a modal.
///
/// It shows the current state: after an edit, [`content`](Self::content) is the new content. As a
/// message id (`AsRef<str>`) it stands for the message of the answer.
#[derive(Clone)]
pub struct Response {
    hub: Arc<Hub>,
    id: Snowflake,
    channel: Snowflake,
    source: Option<Snowflake>,
    message_id: String,
}

impl Response {
    /// Waits for the first answer and, if it is deferred, for the message that follows.
    pub(crate) async fn wait(hub: &Arc<Hub>, id: Snowflake, source: Option<Snowflake>) -> Self {
        let is_answered = |state: &State| state.world.interaction(id)?.answer.clone();
        let answer = hub.wait_for(is_answered, ANSWER_TIMEOUT).await;
        let Some(answer) = answer else {
            let report = report(hub);
            panic!("the bot did not answer the interaction within 3 s\n{report}")
        };
        if answer == Answer::DeferredMessage {
            let has_followed = |state: &State| {
                let interaction = state.world.interaction(id)?;
                let is_loading = state
                    .world
                    .is_loading(interaction.channel, interaction.original?);
                (!is_loading).then_some(())
            };
            let followed = hub.wait_for(has_followed, DEFERRED_TIMEOUT).await;
            assert!(
                followed.is_some(),
                "the bot deferred its answer, and no message followed within 5 s\n{}",
                report(hub)
            );
        }
        let (channel, original) = hub.look(|state| {
            let interaction = state.world.interaction(id);
            let interaction = interaction.expect("an interaction stays while it is waited for");
            (interaction.channel, interaction.original)
        });
        Self {
            hub: Arc::clone(hub),
            id,
            channel,
            source,
            message_id: original.map(|id| id.to_string()).unwrap_or_default(),
        }
    }

    pub(crate) fn channel(&self) -> Snowflake {
        self.channel
    }

    pub(crate) fn source(&self) -> Option<Snowflake> {
        self.source
    }

    /// The message of the answer, also if it is ephemeral; null if the answer is not a message, or
    /// the message was deleted.
    #[must_use]
    pub fn message(&self) -> Value {
        self.hub
            .look(|state| {
                let original = state.world.interaction(self.id)?.original?;
                state.world.message_of_interaction(self.id, original).ok()
            })
            .unwrap_or_default()
    }

    /// The content of the message; empty without one.
    #[must_use]
    pub fn content(&self) -> String {
        let message = self.message();
        message["content"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether only the user sees the message.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        let flags = self.message()["flags"].as_u64();
        flags.is_some_and(|flags| flags & (1 << 6) != 0)
    }

    /// The modal that the bot opened, if it did: the `data` of the callback.
    #[must_use]
    pub fn modal(&self) -> Option<Value> {
        match self.answer()? {
            Answer::Modal(modal) => Some(modal),
            _ => None,
        }
    }

    /// The choices of an autocomplete.
    ///
    /// # Panics
    ///
    /// If the bot answered with anything else.
    #[must_use]
    pub fn choices(&self) -> Vec<Value> {
        match self.answer() {
            Some(Answer::Choices(choices)) => choices,
            other => panic!("the bot did not answer with choices but {other:?}"),
        }
    }

    fn answer(&self) -> Option<Answer> {
        self.hub
            .look(|state| state.world.interaction(self.id)?.answer.clone())
    }
}

impl AsRef<str> for Response {
    /// The id of the message; empty if the answer is not a message.
    fn as_ref(&self) -> &str {
        &self.message_id
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("answer", &self.answer())
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}
