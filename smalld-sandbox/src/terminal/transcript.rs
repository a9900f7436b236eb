//! The transcript for people. Pure: a [`Happening`] in, lines out.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use smalld_sandbox::Happening;

use super::{close_code, escape, message};

/// How many messages are remembered, to name them when something happens to them later.
const MAX_REMEMBERED: usize = 1000;

/// One line, or several that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A user or the bot wrote or did something.
    Talk(String),
    /// The sandbox reports something about itself or the bot.
    Note(String),
}

#[derive(Default)]
pub(super) struct Transcript {
    /// The usernames of all authors so far, by id.
    names: BTreeMap<String, String>,
    remembered: VecDeque<Remembered>,
    sessions: usize,
}

struct Remembered {
    id: String,
    author: String,
    shown: String,
}

impl Transcript {
    /// What is shown of a happening; `recipient` returns the other user in a channel of direct messages.
    pub(super) fn line(
        &mut self,
        happening: &Happening,
        recipient: impl Fn(&str) -> Option<String>,
    ) -> Option<Line> {
        match happening {
            Happening::MessageCreated(message) => self.message(message, "", &recipient),
            Happening::MessageUpdated(message) => self.message(message, " (edited)", &recipient),
            Happening::MessageDeleted(event) => Some(self.deleted(event, &recipient)),
            Happening::ReactionAdded(event) => self.reaction(event, "reacted", "to", &recipient),
            Happening::ReactionRemoved(event) => {
                self.reaction(event, "took back", "from", &recipient)
            }
            Happening::TypingStarted(event) => {
                let who = self.name_in(event);
                let place = place(event, &who, &recipient);
                Some(Line::Talk(format!("{place} is typing")))
            }
            other => self.note(other).map(Line::Note),
        }
    }

    fn message(
        &mut self,
        message: &Value,
        suffix: &str,
        recipient: &impl Fn(&str) -> Option<String>,
    ) -> Option<Line> {
        let author = self.meet(&message["author"])?;
        let shown = message::shown(message);
        let place = place(message, &author, recipient);
        let replied_to = message["referenced_message"]["author"]["username"].as_str();
        let reply = replied_to
            .map(|name| format!(" (to {})", escape::line(name)))
            .unwrap_or_default();
        let line = format!("{place}{reply}{suffix}: {shown}");
        self.remember(id(&message["id"]), author, shown);
        Some(Line::Talk(line))
    }

    fn deleted(&self, event: &Value, recipient: &impl Fn(&str) -> Option<String>) -> Line {
        let deleted = self.remembered(&event["id"]);
        let (author, shown) = deleted.map_or(("somebody", "a message"), |message| {
            (message.author.as_str(), message.shown.as_str())
        });
        let place = place(event, author, recipient);
        Line::Talk(format!("{place} (deleted): {shown}"))
    }

    fn reaction(
        &mut self,
        event: &Value,
        did: &str,
        to: &str,
        recipient: &impl Fn(&str) -> Option<String>,
    ) -> Option<Line> {
        let who = self
            .meet(&event["member"]["user"])
            .unwrap_or_else(|| self.name_in(event));
        let emoji = escape::line(event["emoji"]["name"].as_str()?);
        let what = self.remembered(&event["message_id"]).map_or_else(
            || "a message".to_owned(),
            |message| format!("{}: {}", message.author, message::excerpt(&message.shown)),
        );
        let place = place(event, &who, recipient);
        Some(Line::Talk(format!("{place} {did} {emoji} {to} {what}")))
    }

    fn note(&mut self, happening: &Happening) -> Option<String> {
        Some(match happening {
            Happening::Identified => {
                self.sessions += 1;
                // The first session is shown as the bot being ready.
                (self.sessions > 1).then(|| "the bot began another session".to_owned())?
            }
            Happening::IdentifyRefused { too_early: true } => {
                "the bot identified too soon after the last time and was refused".to_owned()
            }
            Happening::TokenReset => {
                "the bot exceeded the day's session starts: all sessions have ended, and its token is void"
                    .to_owned()
            }
            Happening::Resumed { replayed: 1 } => {
                "the bot resumed its session and got the event it had missed".to_owned()
            }
            Happening::Resumed { replayed } => {
                format!("the bot resumed its session and got the {replayed} events it had missed")
            }
            Happening::ResumeRefused => {
                "the bot tried to resume a session that is gone; it must identify"
                    .to_owned()
            }
            Happening::Disconnected {
                code,
                reason,
                by_bot,
            } => disconnected(*code, reason, *by_bot),
            Happening::RequestAnswered {
                method,
                path,
                status,
            } if *status >= 400 => {
                let (method, path) = (escape::line(method), escape::line(path));
                let reason = hyper::StatusCode::from_u16(*status).ok();
                let reason = reason.and_then(|status| status.canonical_reason());
                format!(
                    "refused {method} {path}: {status} {}",
                    reason.unwrap_or_default()
                )
            }
            Happening::Missed(missed) => {
                format!("{missed} things happened too fast to be shown")
            }
            _ => return None,
        })
    }

    /// The name in this JSON of a user, which is remembered.
    fn meet(&mut self, user: &Value) -> Option<String> {
        let name = escape::line(user["username"].as_str()?);
        self.names.insert(id(&user["id"]), name.clone());
        Some(name)
    }

    fn name_in(&self, event: &Value) -> String {
        let member = event["member"]["user"]["username"].as_str();
        let met = self
            .names
            .get(event["user_id"].as_str().unwrap_or_default());
        member
            .map(escape::line)
            .or_else(|| met.cloned())
            .unwrap_or_else(|| "the bot".to_owned())
    }

    fn remember(&mut self, id: String, author: String, shown: String) {
        self.remembered.retain(|message| message.id != id);
        self.remembered.push_back(Remembered { id, author, shown });
        if self.remembered.len() > MAX_REMEMBERED {
            self.remembered.pop_front();
        }
    }

    fn remembered(&self, id: &Value) -> Option<&Remembered> {
        self.remembered.iter().find(|message| *id == *message.id)
    }
}

/// The place and the user: `#general alex`, or `@alex -> pingbot` in direct messages.
fn place(event: &Value, who: &str, recipient: &impl Fn(&str) -> Option<String>) -> String {
    if event.get("guild_id").is_some() {
        return format!("#general {who}");
    }
    let with = recipient(event["channel_id"].as_str().unwrap_or_default());
    let with = with.map_or_else(|| "somebody".to_owned(), |name| escape::line(&name));
    if with == who {
        format!("@{who} -> the bot")
    } else {
        format!("@{who} -> {with}")
    }
}

fn disconnected(code: Option<u16>, reason: &str, by_bot: bool) -> String {
    let reason = match reason {
        "" => String::new(),
        reason => format!(" ({})", escape::line(reason.trim_end_matches('.'))),
    };
    match (by_bot, code) {
        (true, Some(code)) => format!("the bot disconnected with {code}{reason}"),
        (true, None) => "the bot disconnected".to_owned(),
        (false, None) => "the bot's connection was cut".to_owned(),
        (false, Some(code)) => {
            let meaning = close_code::meaning(code);
            let meaning = meaning.map(|meaning| format!(": {meaning}"));
            let meaning = meaning.unwrap_or_default();
            format!("closed the bot's connection with {code}{reason}{meaning}")
        }
    }
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(happenings: &[Happening]) -> Vec<String> {
        let mut transcript = Transcript::default();
        let recipient = |channel: &str| (channel == "9").then(|| "alex".to_owned());
        let lines = happenings
            .iter()
            .filter_map(|happening| transcript.line(happening, recipient));
        lines
            .map(|line| match line {
                Line::Talk(text) | Line::Note(text) => text,
            })
            .collect()
    }

    fn message(id: &str, author: &str, content: &str) -> Value {
        json!({
            "id": id, "channel_id": "1", "guild_id": "2", "content": content,
            "author": { "id": author, "username": author },
        })
    }

    #[test]
    fn a_message_is_shown_from_creation_to_deletion() {
        let reaction = json!({
            "guild_id": "2", "message_id": "11", "user_id": "pingbot", "emoji": { "name": "👍" },
        });
        let mut reply = message("12", "pingbot", "hm");
        reply["referenced_message"] = message("11", "alex", "hi");
        let lines = shown(&[
            Happening::MessageCreated(message("11", "alex", "hi")),
            Happening::MessageCreated(reply),
            Happening::MessageUpdated(message("12", "pingbot", "hello\nyou")),
            Happening::ReactionAdded(reaction.clone()),
            Happening::ReactionRemoved(reaction),
            Happening::TypingStarted(json!({ "guild_id": "2", "user_id": "pingbot" })),
            Happening::MessageDeleted(json!({ "guild_id": "2", "id": "12" })),
        ]);
        let expected = [
            "#general alex: hi",
            "#general pingbot (to alex): hm",
            "#general pingbot (edited): hello\n    you",
            "#general pingbot reacted 👍 to alex: hi",
            "#general pingbot took back 👍 from alex: hi",
            "#general pingbot is typing",
            "#general pingbot (deleted): hello\n    you",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn direct_messages_name_the_recipient() {
        let direct = |author| {
            let mut message = message("1", author, "psst");
            message["channel_id"] = json!("9");
            message
                .as_object_mut()
                .map(|fields| fields.remove("guild_id"));
            Happening::MessageCreated(message)
        };
        let lines = shown(&[direct("pingbot"), direct("alex")]);
        assert_eq!(lines, ["@pingbot -> alex: psst", "@alex -> the bot: psst"]);
    }

    #[test]
    fn everything_that_a_bot_sends_is_escaped() {
        let evil = "\u{1b}[2J";
        let refused = Happening::RequestAnswered {
            method: evil.to_owned(),
            path: evil.to_owned(),
            status: 404,
        };
        let left = Happening::Disconnected {
            code: Some(4000),
            reason: evil.to_owned(),
            by_bot: true,
        };
        let mut evil_message = message(evil, evil, evil);
        evil_message["attachments"] = json!([{ "filename": evil, "content_type": evil }]);
        let reaction = json!({ "user_id": evil, "emoji": { "name": evil } });
        let lines = shown(&[
            Happening::MessageCreated(evil_message),
            Happening::ReactionAdded(reaction),
            refused,
            left,
        ]);
        assert_eq!(lines.len(), 4);
        assert!(
            lines.iter().all(|line| !line.contains('\u{1b}')),
            "{lines:?}"
        );
    }

    #[test]
    fn failures_are_shown_with_their_meaning() {
        let answered = |status| Happening::RequestAnswered {
            method: "GET".to_owned(),
            path: "/x".to_owned(),
            status,
        };
        let closed = Happening::Disconnected {
            code: Some(4004),
            reason: "Authentication failed.".to_owned(),
            by_bot: false,
        };
        let left = Happening::Disconnected {
            code: None,
            reason: String::new(),
            by_bot: true,
        };
        let lines = shown(&[answered(204), answered(404), closed, left]);
        let expected = [
            "refused GET /x: 404 Not Found",
            "closed the bot's connection with 4004 (Authentication failed): the token it sent is \
             not the one in `SMALLD_TOKEN`",
            "the bot disconnected",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn only_later_sessions_are_shown() {
        let lines = shown(&[
            Happening::Connected {
                to_resume_url: false,
            },
            Happening::Identified,
            Happening::IdentifyRefused { too_early: true },
            Happening::Resumed { replayed: 1 },
            Happening::Identified,
            Happening::Missed(3),
        ]);
        let expected = [
            "the bot identified too soon after the last time and was refused",
            "the bot resumed its session and got the event it had missed",
            "the bot began another session",
            "3 things happened too fast to be shown",
        ];
        assert_eq!(lines, expected);
    }
}
