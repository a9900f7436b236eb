//! Happenings: what subscribers learn about the sandbox.

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// One thing that happened in the sandbox. The JSON in it is the `d` of Discord's event for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A bot opened a gateway connection.
    Connected {
        /// Whether it came to the `resume_gateway_url` of READY instead of the general one.
        to_resume_url: bool,
    },
    /// A gateway connection was refused before the upgrade, as planned.
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
        /// Whether it came too soon after another, instead of as planned.
        too_early: bool,
    },
    /// A bot exceeded the day's session starts: all its sessions ended, and its token is void.
    TokenReset,
    /// A bot resumed a session.
    Resumed {
        /// How many dispatches were replayed.
        replayed: usize,
    },
    /// A bot tried to resume a session that does not exist.
    ResumeRefused,
    /// A gateway connection ended.
    Disconnected {
        /// The close code. None if there was no close frame.
        code: Option<u16>,
        /// The reason text of the close frame.
        reason: String,
        /// Whether the bot ended it, and not the sandbox.
        by_bot: bool,
    },
    /// A user or the bot wrote a message.
    MessageCreated(Value),
    /// A message was edited.
    MessageUpdated(Value),
    /// A message was deleted.
    MessageDeleted(Value),
    /// A reaction was added to a message.
    ReactionAdded(Value),
    /// A reaction was removed from a message.
    ReactionRemoved(Value),
    /// The bot is typing.
    TypingStarted(Value),
    /// A REST request was answered.
    RequestAnswered {
        /// `GET`, `POST` and so on.
        method: String,
        /// The path as it was sent, below `/api/v10`, without the query.
        path: String,
        /// The status of the answer.
        status: u16,
    },
    /// The subscriber was too slow, and missed this many happenings.
    Missed(u64),
}

/// The happenings from [`Sandbox::subscribe`](crate::Sandbox::subscribe) on.
#[derive(Debug)]
pub struct Happenings {
    pub(crate) receiver: broadcast::Receiver<Happening>,
}

impl Happenings {
    /// Waits for the next happening. None once the sandbox has stopped.
    ///
    /// The future can be dropped (as in `tokio::select!`) without losing anything.
    pub async fn next(&mut self) -> Option<Happening> {
        match self.receiver.recv().await {
            Ok(happening) => Some(happening),
            Err(RecvError::Lagged(missed)) => Some(Happening::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Happening {
    /// The happening for an event of the world.
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
