//! Texts that the bot is expected to write, and its messages. Pure.

use std::collections::VecDeque;

use serde_json::Value;

use super::message;

/// How many of the bot's last messages a failure shows.
const MAX_SHOWN: usize = 5;

pub(super) struct Expectations {
    any: bool,
    awaited: Vec<String>,
    said: VecDeque<String>,
}

impl Expectations {
    pub(super) fn new(awaited: Vec<String>) -> Self {
        Self {
            any: !awaited.is_empty(),
            awaited,
            said: VecDeque::new(),
        }
    }

    /// Whether anything was expected at all.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    pub(super) fn are_met(&self) -> bool {
        self.awaited.is_empty()
    }

    /// The bot wrote or edited this message. It meets every expected text that occurs in it, but a text
    /// that is expected several times only once.
    pub(super) fn hear(&mut self, message: &Value) {
        let mut met = Vec::new();
        self.awaited.retain(|text| {
            let meets = !met.contains(text) && message::contains(message, text);
            if meets {
                met.push(text.clone());
            }
            !meets
        });
        self.said.push_back(message::shown(message));
        if self.said.len() > MAX_SHOWN {
            self.said.pop_front();
        }
    }

    /// What is missing and what the bot wrote instead; `circumstance` is, for example, `within 30 s`.
    pub(super) fn failure(&self, circumstance: &str) -> String {
        let awaited: Vec<String> = self
            .awaited
            .iter()
            .map(|text| format!("`{text}`"))
            .collect();
        let awaited = awaited.join(" and ");
        if self.said.is_empty() {
            return format!("the bot did not say {awaited} {circumstance}; it said nothing");
        }
        let said = self.said.iter().map(|shown| format!("\n    {shown}"));
        let said: String = said.collect();
        format!("the bot did not say {awaited} {circumstance}; the last it said was:{said}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(awaited: &[&str], said: &[&str]) -> Expectations {
        let mut expectations = Expectations::new(awaited.iter().map(ToString::to_string).collect());
        for content in said {
            expectations.hear(&json!({ "content": content }));
        }
        expectations
    }

    #[test]
    fn a_text_may_occur_anywhere_in_a_message() {
        assert!(after(&["pong"], &["well", "a pong!"]).are_met());
        assert!(!after(&["pong"], &["Pong"]).are_met());
        assert!(after(&[], &[]).are_met() && !after(&[], &[]).any());
    }

    #[test]
    fn one_message_meets_different_texts_but_each_only_once() {
        assert!(after(&["b", "a"], &["a b"]).are_met());
        assert!(!after(&["a", "a"], &["a a"]).are_met());
        assert!(after(&["a", "a"], &["a", "a"]).are_met());
    }

    #[test]
    fn a_failure_names_what_was_expected_and_what_was_received() {
        assert_eq!(
            after(&["x", "y"], &["y"]).failure("within 1 s"),
            "the bot did not say `x` within 1 s; the last it said was:\n    y"
        );
        assert_eq!(
            after(&["x", "y"], &[]).failure("within 1 s"),
            "the bot did not say `x` and `y` within 1 s; it said nothing"
        );
        let many = after(&["x"], &["1", "2", "3", "4", "5", "6"]).failure("");
        assert!(!many.contains('1') && many.ends_with("2\n    3\n    4\n    5\n    6"));
    }
}
