//! Threads and polls, as a user takes part in them.

use super::settle;
use crate::hub::State;
use crate::library::names::{find_channel, place_of};
use crate::library::user::User;
use crate::world::channel::Kind;
use crate::world::refusal::Refusal;
use crate::world::snowflake::Snowflake;
use crate::world::thread::{Start, ThreadDraft};

impl User {
    /// Begins a public thread in a channel. Returns its id. In it, the user writes by
    /// [`say`](Self::say), with its name or its id.
    ///
    /// # Panics
    ///
    /// If there is no such channel, or it cannot have threads.
    pub async fn create_thread(&self, channel: &str, name: &str) -> String {
        let user = self.snowflake();
        let begun = self.hub.change(|world, now| {
            let channel = find_channel(world, self.guild, channel);
            let start = Start::Nothing(Kind::PublicThread);
            world.create_thread(channel, user, thread(name), start, now)
        });
        settle().await;
        let begun = begun.map(|id| id.to_string());
        begun.unwrap_or_else(|refusal| panic!("{channel} has no thread `{name}`: {refusal:?}"))
    }

    /// Begins a thread from a message. Returns the id of the thread, which is that of the message.
    ///
    /// # Panics
    ///
    /// If there is no such message, or it has a thread.
    pub async fn create_thread_from(&self, message: impl AsRef<str>, name: &str) -> String {
        let (message, user) = (message.as_ref(), self.snowflake());
        let begun = self.hub.update(|state, now| {
            let (channel, id) = place_of(state, message);
            let (draft, start) = (thread(name), Start::Message(id));
            state.world.create_thread(channel, user, draft, start, now)
        });
        settle().await;
        let begun = begun.map(|id| id.to_string());
        begun.unwrap_or_else(|refusal| panic!("message `{message}` has no thread: {refusal:?}"))
    }

    /// Joins a thread; a member stays one.
    ///
    /// # Panics
    ///
    /// If there is no such thread.
    pub async fn join_thread(&self, thread: &str) {
        let user = self.snowflake();
        let joined = self.hub.change(|world, now| {
            let id = find_channel(world, self.guild, thread);
            world.add_to_thread(id, user, now)
        });
        assert!(joined.is_ok(), "{self} cannot join `{thread}`: {joined:?}");
        settle().await;
    }

    /// Leaves a thread; a user who is not a member stays outside.
    pub async fn leave_thread(&self, thread: &str) {
        let user = self.snowflake();
        // An error means that the user is not a member.
        let _ = self.hub.change(|world, _| {
            let id = find_channel(world, self.guild, thread);
            world.remove_from_thread(id, user)
        });
        settle().await;
    }

    /// Votes in a poll. Answers have the numbers from 1. In a poll with one vote, the new one replaces
    /// the old.
    ///
    /// # Panics
    ///
    /// If the message has no open poll with such an answer.
    pub async fn vote(&self, message: impl AsRef<str>, answer: u64) {
        let user = self.snowflake();
        self.in_poll(message.as_ref(), |state, channel, id| {
            state.world.vote(channel, id, user, answer)
        });
        settle().await;
    }

    /// Takes a vote back; without one nothing happens.
    ///
    /// # Panics
    ///
    /// If the message has no open poll.
    pub async fn take_vote(&self, message: impl AsRef<str>, answer: u64) {
        let user = self.snowflake();
        self.in_poll(message.as_ref(), |state, channel, id| {
            state.world.take_vote(channel, id, user, answer)
        });
        settle().await;
    }

    fn in_poll(
        &self,
        message: &str,
        act: impl FnOnce(&mut State, Snowflake, Snowflake) -> Result<(), Refusal>,
    ) {
        let result = self.hub.update(|state, _| {
            let (channel, id) = place_of(state, message);
            act(state, channel, id)
        });
        assert!(
            result.is_ok(),
            "{self} cannot vote in message `{message}`: {result:?}"
        );
    }
}

fn thread(name: &str) -> ThreadDraft {
    ThreadDraft {
        name: name.to_owned(),
        archive_after: None,
        slowmode: None,
        is_invitable: true,
        tags: Vec::new(),
    }
}
