//! The formats of strings.

use serde_json::Value;

use crate::world::snowflake::Snowflake;
use crate::world::timestamp;

/// A code, and a message.
type Mistake = (&'static str, String);

/// Checks what the schema says about the text besides its length.
pub(super) fn check(schema: &Value, text: &str, is_answer: bool) -> Result<(), Mistake> {
    match schema["format"].as_str() {
        Some("snowflake") if Snowflake::parse(text).is_none() => Err((
            "NUMBER_TYPE_COERCE",
            format!("Value \"{text}\" is not snowflake."),
        )),
        Some("date-time") if timestamp::parse_iso8601(text).is_none() => {
            let message = format!("Could not parse {text}. Should be ISO8601.");
            Err(("DATE_TIME_TYPE_PARSE", message))
        }
        Some("uri") => uri(text, is_answer),
        _ => Ok(()),
    }
}

fn uri(text: &str, is_answer: bool) -> Result<(), Mistake> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if rest.is_empty() || text.contains(char::is_whitespace) {
        return Err(("URL_TYPE_INVALID_URL", "Not a well formed URL.".to_owned()));
    }
    if !is_answer && !["http", "https", "discord", "attachment"].contains(&scheme) {
        let message = format!(
            "Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https')."
        );
        return Err(("URL_TYPE_INVALID_SCHEME", message));
    }
    Ok(())
}
