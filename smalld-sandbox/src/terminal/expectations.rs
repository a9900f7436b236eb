//! What the bot is expected to say, and what it said. Pure.

use std::collections::VecDeque;

use serde_json::Value;

use super::message;

/// How many of the bot's last messages are shown to whoever waited in vain.
const MOST_SHOWN: usize = 5;

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

    /// Whether there ever was something to wait for.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    pub(super) fn are_met(&self) -> bool {
        self.awaited.is_empty()
    }

    /// The bot wrote this, or changed it so. It meets every text that occurs in it, but a text
    /// that is awaited several times only once.
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
        if self.said.len() > MOST_SHOWN {
            self.said.pop_front();
        }
    }

    /// What is still missing and what came instead; `circumstance` goes on as in `within 30 s`.
    pub(super) fn complaint(&self, circumstance: &str) -> String {
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
    fn one_message_meets_different_texts_but_none_twice() {
        assert!(after(&["b", "a"], &["a b"]).are_met());
        assert!(!after(&["a", "a"], &["a a"]).are_met());
        assert!(after(&["a", "a"], &["a", "a"]).are_met());
    }

    #[test]
    fn a_complaint_says_what_was_awaited_and_what_came() {
        assert_eq!(
            after(&["x", "y"], &["y"]).complaint("within 1 s"),
            "the bot did not say `x` within 1 s; the last it said was:\n    y"
        );
        assert_eq!(
            after(&["x", "y"], &[]).complaint("within 1 s"),
            "the bot did not say `x` and `y` within 1 s; it said nothing"
        );
        let many = after(&["x"], &["1", "2", "3", "4", "5", "6"]).complaint("");
        assert!(!many.contains('1') && many.ends_with("2\n    3\n    4\n    5\n    6"));
    }
}
