//! Errors as Discord's REST tells them: a status, a code, a sentence, and for forms a tree.

use serde_json::{Map, Value, json};

use crate::world::Refusal;

#[derive(Debug, PartialEq)]
pub(crate) struct Error {
    pub(crate) status: u16,
    code: u64,
    message: &'static str,
    errors: Option<Value>,
}

const fn error(status: u16, code: u64, message: &'static str) -> Error {
    Error {
        status,
        code,
        message,
        errors: None,
    }
}

pub(crate) const UNAUTHORIZED: Error = error(401, 0, "401: Unauthorized");
pub(crate) const NO_ROUTE: Error = error(404, 0, "404: Not Found");
pub(crate) const WRONG_METHOD: Error = error(405, 0, "405: Method Not Allowed");
pub(crate) const BLOCKED: Error = error(403, 40_333, "internal network error");
pub(crate) const TOO_LARGE: Error = error(413, 40_005, "Request entity too large");
pub(crate) const INVALID_VERSION: Error = error(400, 50_041, "Invalid API version provided");
pub(crate) const INVALID_JSON: Error =
    error(400, 50_109, "The request body contains invalid JSON.");

impl Error {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }

    /// An error of the request as a whole.
    pub(crate) fn of_form(code: &str, message: &str) -> Self {
        let mut mistakes = Mistakes::default();
        mistakes.add(&[], code, message);
        mistakes.into_error()
    }

    /// An error of one field.
    pub(crate) fn of_field(path: &[&str], code: &str, message: &str) -> Self {
        let mut mistakes = Mistakes::default();
        mistakes.add(path, code, message);
        mistakes.into_error()
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownChannel => error(404, 10_003, "Unknown Channel"),
            Refusal::UnknownGuild => error(404, 10_004, "Unknown Guild"),
            Refusal::UnknownMember => error(404, 10_007, "Unknown Member"),
            Refusal::UnknownMessage => error(404, 10_008, "Unknown Message"),
            Refusal::UnknownUser => error(404, 10_013, "Unknown User"),
            Refusal::UnknownEmoji => error(400, 10_014, "Unknown Emoji"),
            Refusal::TooManyReactions => {
                error(400, 30_010, "Maximum number of reactions reached (20)")
            }
            Refusal::NotInDirectMessages => {
                error(403, 50_003, "Cannot execute action on a DM channel")
            }
            Refusal::NotTheAuthor => error(
                403,
                50_005,
                "Cannot edit a message authored by another user",
            ),
            Refusal::EmptyMessage => error(400, 50_006, "Cannot send an empty message"),
            Refusal::InvalidRecipient => error(400, 50_033, "Invalid Recipient(s)"),
            Refusal::UnknownReference => Self::of_field(
                &["message_reference"],
                "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
                "Unknown message",
            ),
        }
    }
}

/// What is wrong with a form, as a tree that mirrors it: positions in arrays are keys, too.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    tree: Map<String, Value>,
}

impl Mistakes {
    pub(crate) fn add(&mut self, path: &[&str], code: &str, message: &str) {
        let mut node = &mut self.tree;
        for key in path {
            let child = node.entry(*key).or_insert_with(|| json!({}));
            let Value::Object(child) = child else { return };
            node = child;
        }
        let list = node.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({ "code": code, "message": message }));
        }
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        if self.tree.is_empty() {
            Ok(())
        } else {
            Err(self.into_error())
        }
    }

    fn into_error(self) -> Error {
        Error {
            errors: Some(Value::Object(self.tree)),
            ..error(400, 50_035, "Invalid Form Body")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_mirrors_the_form() {
        let mut mistakes = Mistakes::default();
        mistakes.add(&["embeds", "0", "title"], "A", "one");
        mistakes.add(&["embeds", "0", "title"], "B", "two");
        mistakes.add(&["content"], "C", "three");
        let body = mistakes.check().expect_err("mistakes").body();
        assert_eq!(body["code"], 50_035);
        assert_eq!(
            body["errors"]["embeds"]["0"]["title"]["_errors"][1]["code"],
            "B"
        );
        assert_eq!(body["errors"]["content"]["_errors"][0]["message"], "three");
    }

    #[test]
    fn an_error_of_the_whole_stands_at_the_root() {
        let body = Error::of_form("X", "y").body();
        assert_eq!(
            body["errors"]["_errors"][0],
            json!({ "code": "X", "message": "y" })
        );
    }

    #[test]
    fn a_form_without_mistakes_passes() {
        assert_eq!(Mistakes::default().check(), Ok(()));
    }
}
