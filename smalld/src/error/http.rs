//! Errors by HTTP status.

use std::fmt;

use crate::error::response::Response;

/// How many fields, and how much of a body that is not JSON, `Display` shows.
const MAX_SHOWN_FIELDS: usize = 20;
const MAX_BODY_CHARS: usize = 200;

/// A status other than 2xx. See [Discord Docs/Error Messages](https://discord.com/developers/docs/reference#error-messages).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpError {
    /// The request's method, such as `POST`.
    pub method: &'static str,
    /// The request's path; webhook and interaction tokens in it are masked.
    pub path: String,
    /// The whole response.
    pub response: Response,
    /// Discord's own error code, such as 50001, where the body has one.
    pub code: Option<u64>,
    /// Discord's words for it, where the body has any.
    pub message: Option<Box<str>>,
    /// What was wrong with which field of the payload (code 50035).
    pub fields: Vec<FieldError>,
}

/// One field that Discord found at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Where in the payload, such as `embeds[0].fields[2].name`; empty for the payload itself.
    pub path: String,
    /// Discord's code, such as `BASE_TYPE_REQUIRED`.
    pub code: String,
    /// Discord's words.
    pub message: String,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.response.status;
        write!(f, "{} {}: {status}", self.method, self.path)?;
        let body = shortened(self.response.bytes());
        // Discord's words for some errors begin with the status that stands there already.
        let message = self.message.as_deref();
        let prefix = format!("{status}: ");
        let message = message.map(|words| words.strip_prefix(&prefix).unwrap_or(words));
        match (message, self.code) {
            (Some(message), Some(code)) if code != 0 => write!(f, " {message} ({code})")?,
            (Some(message), _) => write!(f, " {message}")?,
            (None, _) if body.is_empty() => {}
            (None, _) => write!(f, " {body}")?,
        }
        if let Some(advice) = advice(self.response.status, self.code) {
            write!(f, "; {advice}")?;
        }
        for field in self.fields.iter().take(MAX_SHOWN_FIELDS) {
            let path = match &*field.path {
                "" => "the payload",
                path => path,
            };
            write!(f, "\n  {path}: {}: {}", field.code, field.message)?;
        }
        match self.fields.len().saturating_sub(MAX_SHOWN_FIELDS) {
            0 => {}
            more => write!(f, "\n  and {more} more")?,
        }
        Ok(())
    }
}

/// What to do about the errors that bots meet most and that do not say it themselves.
fn advice(status: u16, code: Option<u64>) -> Option<&'static str> {
    Some(match (status, code) {
        (401, _) => {
            "Discord does not know this token: copy it anew from the developer portal (Bot, Reset Token)"
        }
        (_, Some(10_014)) => {
            "an emoji in a path is percent-encoded, as `path!` does, and a custom one is `name:id`"
        }
        (_, Some(10_015)) => {
            "the webhook was deleted, or the interaction is over or not answered yet; a webhook that is gone is not called again"
        }
        (_, Some(10_062)) => "an interaction must be answered within 3 seconds of its event",
        (_, Some(40_060)) => "an interaction takes one answer; edit it, or post a follow-up",
        (_, Some(40_333)) => {
            "Discord's guard blocked the request: is something between changing the `User-Agent`?"
        }
        (_, Some(50_001)) => "is the bot in that guild, and may it view the channel?",
        (_, Some(50_013)) => "give the bot's role the permission, above the roles that it acts on",
        _ => return None,
    })
}

/// A body that is not Discord's JSON, such as a proxy's page, short enough for a log line.
fn shortened(body: &[u8]) -> String {
    let start = &body[..body.len().min(8 * MAX_BODY_CHARS)];
    let text = String::from_utf8_lossy(start);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_BODY_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if start.len() < body.len() => format!("{line}…"),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_html_becomes_a_line() {
        let page = format!("<html>\n  <p>{}</p>", "x".repeat(1000));
        let line = shortened(page.as_bytes());
        assert!(
            line.starts_with("<html> <p>xxx") && line.chars().count() <= 201,
            "{line}"
        );
    }
}
