//! What a script receives from a bot.

use std::fmt;

use serde_json::{Value, json};

/// What [`Connection::receive`](crate::Connection::receive) returns.
///
/// `Debug` withholds the token of IDENTIFY and RESUME; the payload itself has it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Received {
    /// A text message that is JSON.
    Payload(Value),
    /// A text message that is not JSON.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A WebSocket ping; the pong is sent automatically.
    Ping(Vec<u8>),
    /// A WebSocket pong.
    Pong(Vec<u8>),
    /// A close frame, with its code if it has one. The next receive answers it.
    Close(Option<u16>),
    /// The bot is gone: its connection ended, or it sent an invalid frame.
    Gone,
    /// The time was over.
    Nothing,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(payload) => write!(f, "Payload({})", without_token(payload)),
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Binary(bytes) => f.debug_tuple("Binary").field(bytes).finish(),
            Self::Ping(bytes) => f.debug_tuple("Ping").field(bytes).finish(),
            Self::Pong(bytes) => f.debug_tuple("Pong").field(bytes).finish(),
            Self::Close(code) => f.debug_tuple("Close").field(code).finish(),
            Self::Gone => f.write_str("Gone"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

fn without_token(payload: &Value) -> Value {
    let mut shown = payload.clone();
    if let Some(token) = shown.pointer_mut("/d/token") {
        *token = json!("[withheld]");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_withholds_the_token() {
        let payload = json!({ "op": 2, "d": { "token": "secret", "intents": 1 } });
        let shown = format!("{:?}", Received::Payload(payload));
        assert!(
            !shown.contains("secret") && shown.contains("intents"),
            "{shown}"
        );
    }
}
