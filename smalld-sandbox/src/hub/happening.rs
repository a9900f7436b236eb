//! What front ends can watch: everything that happens, as it happens.

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// One thing that happened in the sandbox. What carries JSON carries the `d` of the event with
/// which Discord tells of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A bot opened a gateway connection.
    Connected {
        /// Whether it came to the `resume_gateway_url` of READY instead of the general one.
        to_resume_url: bool,
    },
    /// A gateway connection was refused before the upgrade, as it was planned.
    ConnectionRefused {
        /// Whether it came to the `resume_gateway_url` of READY instead of the general one.
        to_resume_url: bool,
        /// The HTTP status of the answer. None if the connection was dropped without one.
        status: Option<u16>,
    },
    /// A bot began a session; READY is on its way.
    Identified,
    /// An IDENTIFY was answered by opcode 9.
    IdentifyRefused {
        /// Whether it came too soon after another, and not as it was planned.
        too_early: bool,
    },
    /// A bot began more sessions than it may in a day: all of them ended, and its token is void.
    TokenReset,
    /// A bot resumed a session.
    Resumed {
        /// How many dispatches it had missed and got now.
        replayed: usize,
    },
    /// A bot wanted to resume a session that is not there (any more).
    ResumeRefused,
    /// A gateway connection ended.
    Disconnected {
        /// The close code of whoever closed it. None if there was no close frame.
        code: Option<u16>,
        /// The words that came with the code.
        reason: String,
        /// Whether the bot ended it, and not the sandbox.
        by_bot: bool,
    },
    /// Somebody, perhaps the bot, wrote a message.
    MessageCreated(Value),
    /// A message was edited.
    MessageUpdated(Value),
    /// A message was deleted.
    MessageDeleted(Value),
    /// Somebody reacted to a message.
    ReactionAdded(Value),
    /// Somebody took a reaction back.
    ReactionRemoved(Value),
    /// The bot is typing.
    TypingStarted(Value),
    /// A REST request got its answer.
    RequestAnswered {
        /// `GET`, `POST` and so on.
        method: String,
        /// The path as it was sent, below `/api/v10`, without the query.
        path: String,
        /// The status of the answer.
        status: u16,
    },
    /// Whoever watches was too slow, and this many happenings are gone.
    Missed(u64),
}

/// The happenings from [`Sandbox::subscribe`](crate::Sandbox::subscribe) on.
#[derive(Debug)]
pub struct Happenings {
    pub(crate) receiver: broadcast::Receiver<Happening>,
}

impl Happenings {
    /// Waits for the next one; none once the sandbox has stopped.
    ///
    /// It may be dropped while it waits (as in `tokio::select!`) without losing anything.
    pub async fn next(&mut self) -> Option<Happening> {
        match self.receiver.recv().await {
            Ok(happening) => Some(happening),
            Err(RecvError::Lagged(missed)) => Some(Happening::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Happening {
    /// What an event of the world means to those who watch.
    pub(crate) fn of(event: &str, data: &Value) -> Option<Self> {
        let happening = match event {
            "MESSAGE_CREATE" => Self::MessageCreated,
            "MESSAGE_UPDATE" => Self::MessageUpdated,
            "MESSAGE_DELETE" => Self::MessageDeleted,
            "MESSAGE_REACTION_ADD" => Self::ReactionAdded,
            "MESSAGE_REACTION_REMOVE" => Self::ReactionRemoved,
            "TYPING_START" => Self::TypingStarted,
            _ => return None,
        };
        Some(happening(data.clone()))
    }
}
