//! Errors that Discord responded with.

use std::fmt;

use crate::error::response::Response;

/// How many fields, and how much of a body that is not JSON, `Display` shows.
const MAX_SHOWN_FIELDS: usize = 20;
const MAX_BODY_CHARS: usize = 200;

/// A response with a status other than 2xx.
///
/// See [Discord Docs/Error Messages](https://discord.com/developers/docs/reference#error-messages).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpError {
    /// The request's method, such as `POST`.
    pub method: &'static str,
    /// The request's path; webhook and interaction tokens in it are masked.
    pub path: String,
    /// The whole response; this request's own secrets are masked in its headers and body.
    pub response: Response,
    /// Discord's own error code, such as 50001, if the body has one.
    pub code: Option<u64>,
    /// Discord's message, if the body has one; at most 1,000 characters of it.
    pub message: Option<Box<str>>,
    /// What was wrong with which field of the payload (code 50035); at most 100 of them.
    pub fields: Vec<FieldError>,
}

/// A field of the payload that Discord did not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// Its place in the payload, such as `embeds[0].fields[2].name`; empty for the payload itself.
    pub path: String,
    /// Discord's code, such as `BASE_TYPE_REQUIRED`.
    pub code: String,
    /// Discord's message.
    pub message: String,
}

impl HttpError {
    /// The request's method, such as `POST`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        Some(self.method)
    }

    /// The request's path; tokens in it are masked.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    /// The HTTP status, such as 404.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.response.status;
        write!(f, "{} {}: {status}", self.method, self.path)?;
        let body = shortened(self.response.bytes());
        // Some of Discord's messages begin with the status, which is there already.
        let message = self.message.as_deref();
        let prefix = format!("{status}: ");
        let message = message.map(|text| text.strip_prefix(&prefix).unwrap_or(text));
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

/// What to do about the most common errors, if their message does not say it.
fn advice(status: u16, code: Option<u64>) -> Option<&'static str> {
    Some(match (status, code) {
        (401, _) => {
            "Discord does not know this token: copy it again from the developer portal (Bot, Reset Token)"
        }
        (_, Some(10_014)) => {
            "an emoji in a path is percent-encoded, as `path!` does, and a custom one is `name:id`"
        }
        (_, Some(10_015)) => {
            "the webhook was deleted, or the interaction has ended or is not answered yet; a deleted webhook is not called again"
        }
        (_, Some(10_062)) => "an interaction must be answered within 3 seconds of its event",
        (_, Some(40_060)) => "an interaction takes one answer; edit it, or post a follow-up",
        (_, Some(40_333)) => {
            "Cloudflare blocked the request: does a proxy change the `User-Agent`?"
        }
        (_, Some(50_001)) => "is the bot in that guild, and may it view the channel?",
        (_, Some(50_013)) => "give the bot's role the permission, above the roles that it acts on",
        _ => return None,
    })
}

impl std::error::Error for HttpError {}

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
