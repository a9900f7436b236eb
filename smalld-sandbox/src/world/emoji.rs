//! The emoji of a reaction.

use serde_json::{Value, json};

use crate::world::snowflake::Snowflake;

/// A Unicode emoji, or one of a guild or of the application.
#[derive(Clone, Debug)]
pub(crate) struct Emoji {
    /// None for a Unicode emoji.
    id: Option<Snowflake>,
    name: String,
    is_animated: bool,
}

impl Emoji {
    pub(super) fn custom(id: Snowflake, name: &str, is_animated: bool) -> Self {
        Self {
            id: Some(id),
            name: name.to_owned(),
            is_animated,
        }
    }

    /// None for what is not a Unicode emoji: text, a custom emoji (`name:id`), escapes that were left as
    /// they are. Which of the others Unicode calls an emoji changes yearly and is not checked.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Key caps such as 1️⃣ begin with an ASCII digit, `#` or `*`; nothing has a letter in it.
        let some_symbol = text
            .chars()
            .any(|letter| !letter.is_ascii() && !letter.is_alphabetic());
        let plain = text
            .chars()
            .any(|letter| letter.is_ascii_alphabetic() || ":% ".contains(letter));
        (some_symbol && !plain && text.len() <= 64).then(|| Self {
            id: None,
            name: text.to_owned(),
            is_animated: false,
        })
    }

    pub(crate) fn json(&self) -> Value {
        let mut json = json!({ "id": self.id, "name": self.name });
        if self.id.is_some() {
            json["animated"] = json!(self.is_animated);
        }
        json
    }
}

/// A custom emoji stays the same when it is renamed.
impl PartialEq for Emoji {
    fn eq(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (None, None) => self.name == other.name,
            (one, other) => one == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_emoji_and_text_is_not() {
        for emoji in ["👍", "🏳️‍🌈", "1️⃣", "❤️", "👨‍👩‍👧"] {
            assert!(Emoji::parse(emoji).is_some(), "{emoji}");
        }
        for text in ["", "a", "lamp:123", "%F0%9F%91%8D", "é", "no 👍"] {
            assert!(Emoji::parse(text).is_none(), "{text}");
        }
    }
}
