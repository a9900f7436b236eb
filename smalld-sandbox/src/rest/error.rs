//! Errors in Discord's form: a status, a code, a message and, for a body, a tree of mistakes.

use std::fmt;

use serde_json::{Value, json};

use super::mistakes::Mistakes;
use crate::world::refusal::Refusal;

/// Why a request is refused.
#[derive(Debug, PartialEq)]
pub(crate) struct Error {
    pub(crate) status: u16,
    code: u64,
    message: String,
    errors: Option<Value>,
}

/// An error without a tree, known by its status and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    status: u16,
    code: u64,
    message: &'static str,
}

const fn known(status: u16, code: u64, message: &'static str) -> Known {
    Known {
        status,
        code,
        message,
    }
}

pub(crate) const UNAUTHORIZED: Known = known(401, 0, "401: Unauthorized");
pub(crate) const NO_ROUTE: Known = known(404, 0, "404: Not Found");
pub(crate) const WRONG_METHOD: Known = known(405, 0, "405: Method Not Allowed");
pub(crate) const BLOCKED: Known = known(403, 40_333, "internal network error");
pub(crate) const TOO_LARGE: Known = known(413, 40_005, "Request entity too large");
pub(crate) const INVALID_VERSION: Known = known(400, 50_041, "Invalid API version provided");
pub(crate) const INVALID_JSON: Known =
    known(400, 50_109, "The request body contains invalid JSON.");

/// What the sandbox answers on a documented route that it does not simulate.
pub(crate) const NOT_SIMULATED: Known = known(
    501,
    0,
    "the sandbox does not simulate this route; stub it with `sandbox.on(..)`",
);

/// The errors that the world can answer with, by Discord's code.
const CODES: &[Known] = &[
    known(404, 10_002, "Unknown Application"),
    known(404, 10_003, "Unknown Channel"),
    known(404, 10_004, "Unknown Guild"),
    known(404, 10_005, "Unknown Integration"),
    known(404, 10_006, "Unknown Invite"),
    known(404, 10_007, "Unknown Member"),
    known(404, 10_008, "Unknown Message"),
    known(404, 10_009, "Unknown Channel Overwrite"),
    known(404, 10_011, "Unknown Role"),
    known(404, 10_013, "Unknown User"),
    known(400, 10_014, "Unknown Emoji"),
    known(404, 10_015, "Unknown Webhook"),
    known(404, 10_026, "Unknown Ban"),
    known(404, 10_029, "Unknown Entitlement"),
    known(404, 10_031, "Unknown Lobby"),
    known(404, 10_057, "Unknown Guild Template"),
    known(404, 10_060, "Unknown sticker"),
    known(404, 10_061, "Unknown sticker pack"),
    known(404, 10_062, "Unknown interaction"),
    known(404, 10_063, "Unknown application command"),
    known(404, 10_065, "Unknown Voice State"),
    known(404, 10_066, "Unknown application command permissions"),
    known(404, 10_067, "Unknown Stage Instance"),
    known(404, 10_069, "Unknown Guild Welcome Screen"),
    known(404, 10_070, "Unknown Guild Scheduled Event"),
    known(404, 10_087, "Unknown tag"),
    known(404, 10_097, "Unknown sound"),
    known(404, 10_106, "Unknown poll answer"),
    known(403, 20_001, "Bots cannot use this endpoint"),
    known(400, 30_001, "Maximum number of guilds reached (100)"),
    known(400, 30_003, "Maximum number of pins reached (250)"),
    known(400, 30_005, "Maximum number of guild roles reached (250)"),
    known(400, 30_007, "Maximum number of webhooks reached (15)"),
    known(400, 30_008, "Maximum number of emojis reached (50)"),
    known(400, 30_010, "Maximum number of reactions reached (20)"),
    known(
        400,
        30_013,
        "Maximum number of guild channels reached (500)",
    ),
    known(400, 30_016, "Maximum number of invites reached (1000)"),
    known(
        400,
        30_018,
        "Maximum number of animated emojis reached (50)",
    ),
    known(400, 30_031, "Guild already has a template"),
    known(
        400,
        30_032,
        "Maximum number of application commands reached (100)",
    ),
    known(
        400,
        30_033,
        "Maximum number of thread participants reached (1000)",
    ),
    known(
        400,
        30_038,
        "Maximum number of uncompleted guild scheduled events reached (100)",
    ),
    known(400, 30_039, "Maximum number of stickers reached (5)"),
    known(
        400,
        30_045,
        "Maximum number of soundboard sounds reached (8)",
    ),
    known(
        400,
        30_060,
        "Maximum number of channel permission overwrites reached (1000)",
    ),
    known(403, 40_007, "The user is banned from this guild."),
    known(400, 40_032, "Target user is not connected to voice."),
    known(400, 40_033, "This message has already been crossposted"),
    known(400, 40_060, "Interaction has already been acknowledged."),
    known(
        400,
        40_067,
        "A tag is required to create a forum post in this channel",
    ),
    known(403, 50_001, "Missing Access"),
    known(403, 50_003, "Cannot execute action on a DM channel"),
    known(403, 50_004, "Guild Widget Disabled"),
    known(
        403,
        50_005,
        "Cannot edit a message authored by another user",
    ),
    known(400, 50_006, "Cannot send an empty message"),
    known(400, 50_008, "Cannot send messages in a non-text channel"),
    known(403, 50_013, "Missing Permissions"),
    known(403, 50_021, "Cannot execute action on a system message"),
    known(400, 50_024, "Cannot execute action on this channel type"),
    known(403, 50_025, "Invalid OAuth2 access token"),
    known(401, 50_027, "Invalid Webhook Token"),
    known(400, 50_028, "Invalid Role"),
    known(400, 50_033, "Invalid Recipient(s)"),
    known(400, 50_034, "A message provided was too old to bulk delete"),
    known(400, 50_046, "Invalid Asset"),
    known(400, 50_083, "Thread is archived"),
    known(400, 150_006, "The Stage is already open"),
    known(
        400,
        160_004,
        "A thread has already been created for this message",
    ),
    known(400, 160_005, "This thread is locked"),
    known(400, 160_006, "Maximum number of active threads reached"),
    known(
        400,
        160_014,
        "Cannot forward a message whose content you cannot read",
    ),
    known(400, 180_000, "Cannot update a finished event"),
    known(
        400,
        220_001,
        "Webhooks posted to forum channels must have a thread_name or thread_id",
    ),
    known(
        400,
        220_002,
        "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
    ),
    known(
        400,
        220_003,
        "Webhooks can only create threads in forum channels",
    ),
    known(
        400,
        220_004,
        "Webhook services cannot be used in forum channels",
    ),
    known(400, 500_000, "Failed to ban users"),
    known(400, 520_001, "Poll expired"),
    known(400, 520_006, "Cannot expire a non-poll message"),
];

/// Discord's message for a code, if the sandbox knows it.
pub(crate) fn message(code: u64) -> Option<&'static str> {
    let known = CODES.iter().find(|known| known.code == code)?;
    Some(known.message)
}

impl Error {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message, "code": self.code });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }

    /// 50035 with this tree.
    pub(crate) fn invalid_form(errors: Value) -> Self {
        Self {
            status: 400,
            code: 50_035,
            message: "Invalid Form Body".to_owned(),
            errors: Some(errors),
        }
    }

    /// The error for a body that is a field of another one.
    pub(crate) fn inside(mut self, key: &str) -> Self {
        self.errors = self.errors.map(|errors| json!({ key: errors }));
        self
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A mistake in the body as a whole.
    pub(crate) fn of_form(code: &str, message: &str) -> Self {
        Self::of_field(&[], code, message)
    }

    /// A mistake in one field.
    pub(crate) fn of_field(path: &[&str], code: &str, message: &str) -> Self {
        let mut mistakes = Mistakes::default();
        mistakes.add(path, code, message);
        mistakes.into_error()
    }
}

impl Known {
    pub(crate) fn status(self) -> u16 {
        self.status
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl From<Known> for Error {
    fn from(known: Known) -> Self {
        Self {
            status: known.status,
            code: known.code,
            message: known.message.to_owned(),
            errors: None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        if let Some((field, code, message)) = of_field(refusal) {
            return Self::of_field(&[field], code, message);
        }
        let code = refusal.code();
        let known = CODES.iter().find(|known| known.code == code);
        known.copied().unwrap_or(known_nothing(code)).into()
    }
}

/// The field, code and message of a refusal that is about one field.
fn of_field(refusal: Refusal) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match refusal {
        Refusal::UnknownReference => (
            "message_reference",
            "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
            "Unknown message",
        ),
        Refusal::InvalidParent => (
            "parent_id",
            "CHANNEL_PARENT_INVALID",
            "Category does not exist",
        ),
        Refusal::FullCategory => (
            "parent_id",
            "CHANNEL_PARENT_MAX_CHANNELS",
            "Maximum number of channels in category reached (50)",
        ),
        _ => return None,
    })
}

/// Never used: a test checks that the table has every code of the world.
const fn known_nothing(code: u64) -> Known {
    known(400, code, "Unknown error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_the_world_has_a_line_in_the_table() {
        for refusal in Refusal::ALL {
            let is_listed = message(refusal.code()).is_some();
            assert!(is_listed || of_field(*refusal).is_some(), "{refusal:?}");
        }
    }
}
