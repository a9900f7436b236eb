//! READY, the first event of a session. Parsed here and nowhere else. Pure.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

/// What smalld needs of READY.
///
/// See [Discord Docs/Ready](https://discord.com/developers/docs/events/gateway-events#ready).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) session_id: Arc<str>,
    pub(crate) resume_gateway_url: String,
    /// The bot's user id. A session works without it.
    pub(crate) user_id: Option<String>,
}

impl Ready {
    /// Parses the `d` of READY. The error says which field is missing or wrong.
    pub(crate) fn parse(d: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Fields {
            session_id: String,
            resume_gateway_url: String,
            #[serde(default)]
            user: Value,
        }
        let fields: Fields = serde_path_to_error::deserialize(
            &mut serde_json::Deserializer::from_str(d),
        )
        .map_err(|error| match error.path().to_string().as_str() {
            // A missing field has no path; the message names it.
            "." => error.inner().to_string(),
            path => format!("`{path}`: {}", error.inner()),
        })?;
        Ok(Self {
            session_id: fields.session_id.into(),
            resume_gateway_url: fields.resume_gateway_url,
            user_id: fields.user["id"].as_str().map(ToOwned::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_it_needs_and_ignores_the_rest() {
        let d = r#"{"v":10,"user":{"id":"7","bot":true},"session_id":"sid","resume_gateway_url":"wss://r"}"#;
        let ready = Ready::parse(d).unwrap();
        assert_eq!(&*ready.session_id, "sid");
        assert_eq!(ready.resume_gateway_url, "wss://r");
        assert_eq!(ready.user_id.as_deref(), Some("7"));
    }

    #[test]
    fn a_session_works_without_a_user_id() {
        for user in ["", r#","user":null"#, r#","user":7"#, r#","user":{"id":7}"#] {
            let d = format!(r#"{{"session_id":"sid","resume_gateway_url":"wss://r"{user}}}"#);
            assert_eq!(Ready::parse(&d).unwrap().user_id, None, "{user}");
        }
    }

    #[test]
    fn the_error_names_the_field_at_fault() {
        for (d, expected) in [
            (
                r#"{"resume_gateway_url":"wss://r"}"#,
                "missing field `session_id`",
            ),
            (
                r#"{"session_id":"sid"}"#,
                "missing field `resume_gateway_url`",
            ),
            (
                r#"{"session_id":5,"resume_gateway_url":"wss://r"}"#,
                "`session_id`: invalid type: integer `5`",
            ),
            (
                r#"{"session_id":"sid","resume_gateway_url":null}"#,
                "`resume_gateway_url`: invalid type: null",
            ),
            ("null", "invalid type: null"),
        ] {
            let error = Ready::parse(d).unwrap_err();
            assert!(error.contains(expected), "{d}: {error}");
        }
    }
}
