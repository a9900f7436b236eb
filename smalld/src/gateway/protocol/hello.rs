//! HELLO (opcode 10), the first payload of a connection. Pure.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// A longer interval than Discord would use. Some servers send such a number and mean "never".
const MAX_INTERVAL: Duration = Duration::from_secs(86_400);

/// See [Discord Docs/Hello](https://discord.com/developers/docs/events/gateway-events#hello).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) heartbeat_interval: Duration,
}

impl Hello {
    /// Parses the `d` of HELLO. The error says which field is missing or wrong.
    pub(crate) fn parse(d: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default)]
            heartbeat_interval: Value,
        }
        let fields: Fields = serde_json::from_str(d)
            .map_err(|_| "`d` is not an object with `heartbeat_interval`".to_owned())?;
        let given = fields.heartbeat_interval;
        // A float such as 41250.0 is accepted too.
        match given.as_f64() {
            Some(millis) if millis >= 1.0 => {
                let interval = Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(MAX_INTERVAL);
                Ok(Self {
                    heartbeat_interval: interval.min(MAX_INTERVAL),
                })
            }
            _ if given.is_null() => Err("`heartbeat_interval` is missing".to_owned()),
            _ => Err(format!(
                "`heartbeat_interval` must be a positive number of milliseconds, not {}",
                shown(&given)
            )),
        }
    }
}

/// A value of the wrong type, short enough for a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_positive_number_of_milliseconds() {
        for (text, millis) in [
            ("41250", 41_250),
            ("41250.0", 41_250),
            ("4.125e4", 41_250),
            ("1", 1),
            ("18446744073709551615", 86_400_000),
            ("1e300", 86_400_000),
        ] {
            let d = format!(r#"{{"heartbeat_interval":{text},"_trace":[]}}"#);
            let heartbeat_interval = Duration::from_millis(millis);
            assert_eq!(Hello::parse(&d), Ok(Hello { heartbeat_interval }), "{text}");
        }
    }

    #[test]
    fn the_error_names_the_field_at_fault() {
        for (d, expected) in [
            ("null", "not an object"),
            ("[]", "`heartbeat_interval`"),
            ("{}", "`heartbeat_interval` is missing"),
            (r#"{"heartbeat_interval":null}"#, "is missing"),
            (r#"{"heartbeat_interval":0}"#, "not 0"),
            (r#"{"heartbeat_interval":-5}"#, "not -5"),
            (r#"{"heartbeat_interval":"41250"}"#, "not a string"),
        ] {
            let error = Hello::parse(d).unwrap_err();
            assert!(error.contains(expected), "{d}: {error}");
        }
    }
}
