//! Waiting for actions of a bot, with a timeout.

use std::time::Duration;

use serde_json::Value;

use crate::library::sandbox::Sandbox;

impl Sandbox {
    /// Waits until the bot has written this text, or a message in which it occurs, in this channel
    /// since the sandbox was started. Returns the message.
    ///
    /// # Panics
    ///
    /// If it does not within ten seconds: with the conversation, and the requests that were refused.
    pub async fn expect_message(&self, channel: &str, text: &str) -> Value {
        self.home().expect_message(channel, text).await
    }

    /// Waits for a message by the bot, in any channel, that fits. A message that is already there
    /// counts. None if the time is over.
    pub async fn wait_for_message(
        &self,
        fits: impl Fn(&Value) -> bool,
        at_most: Duration,
    ) -> Option<Value> {
        self.wait_for(
            |sandbox| {
                sandbox
                    .hub
                    .look(|state| state.world.messages_by_bot())
                    .into_iter()
                    .find(&fits)
            },
            at_most,
        )
        .await
    }

    /// Waits until a bot has identified and READY is on its way to it. False if the time is over. With
    /// several shards this is about the first: to wait for all of them, wait until
    /// [`identifies`](Self::identifies) is their number.
    pub async fn wait_until_ready(&self, at_most: Duration) -> bool {
        self.wait_until(|sandbox| sandbox.identifies() > 0, at_most)
            .await
    }

    /// Waits until a condition holds, such as `|sandbox| sandbox.resumes() == 2`. It is checked now and
    /// after every change. False if the time is over.
    pub async fn wait_until(&self, is_so: impl Fn(&Self) -> bool, at_most: Duration) -> bool {
        self.wait_for(|sandbox| is_so(sandbox).then_some(()), at_most)
            .await
            .is_some()
    }

    async fn wait_for<T>(&self, look: impl Fn(&Self) -> Option<T>, at_most: Duration) -> Option<T> {
        let mut changes = self.hub.changes();
        let found = async {
            loop {
                // Marked as seen before the check: a change in between wakes this task again.
                changes.borrow_and_update();
                if let Some(found) = look(self) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        self.hub.time.within(at_most, found).await.flatten()
    }
}
