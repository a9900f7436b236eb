//! The emoji of a reaction.

use serde_json::{Value, json};

/// A Unicode emoji. The guild has no emoji of its own, so there are no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emoji(String);

impl Emoji {
    /// None for what cannot be one: text, a custom emoji (`name:id`), escapes that were left as
    /// they are. Which of the others Unicode calls an emoji changes yearly and is not checked.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Key caps such as 1️⃣ begin with an ASCII digit, `#` or `*`; nothing has a letter in it.
        let some_symbol = text
            .chars()
            .any(|letter| !letter.is_ascii() && !letter.is_alphabetic());
        let plain = text
            .chars()
            .any(|letter| letter.is_ascii_alphabetic() || ":% ".contains(letter));
        (some_symbol && !plain && text.len() <= 64).then(|| Self(text.to_owned()))
    }

    pub(crate) fn json(&self) -> Value {
        json!({ "id": null, "name": self.0 })
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
