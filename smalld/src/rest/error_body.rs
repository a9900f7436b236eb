//! The JSON body of an error: Discord's code and message, the fields at fault and, with a 429, how
//! long to wait.
//!
//! It is parsed once, and its size in memory is limited: a broken or hostile server must not be
//! able to turn a small response into a large error.

use serde_json::{Map, Value};

use crate::error::{FieldError, HttpError, Response};
use crate::rest::limiter::observation::LimitBody;

/// Discord's error bodies have a few kilobytes. A longer one is shown like a page that is not JSON.
const MAX_PARSED_BYTES: usize = 1 << 20;
const MAX_FIELDS: usize = 100;
const MAX_PATH_CHARS: usize = 200;
const MAX_CODE_CHARS: usize = 100;
const MAX_MESSAGE_CHARS: usize = 1_000;

/// Content of an error body. Everything is absent if the body is not a JSON object.
///
/// See [Discord Docs/Error Messages](https://discord.com/developers/docs/reference#error-messages).
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    code: Option<u64>,
    message: Option<Box<str>>,
    fields: Vec<FieldError>,
    limit: Option<LimitBody>,
}

impl ErrorBody {
    pub(crate) fn parse(body: &[u8]) -> Self {
        if body.len() > MAX_PARSED_BYTES {
            return Self::default();
        }
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let mut fields = Vec::new();
        if let Some(Value::Object(tree)) = body.get("errors") {
            flatten(tree, "", &mut fields);
        }
        // OAuth2 endpoints have names of their own for the message.
        let message = ["message", "error_description", "error"]
            .iter()
            .find_map(|name| body.get(*name)?.as_str());
        Self {
            code: body.get("code").and_then(Value::as_u64),
            message: message.map(|message| cut(message, MAX_MESSAGE_CHARS).into()),
            fields,
            limit: Some(LimitBody {
                retry_after: body.get("retry_after").and_then(Value::as_f64),
                global: body.get("global") == Some(&Value::Bool(true)),
            }),
        }
    }

    /// The part that the limiter needs of a 429; `None` if the body is not a JSON object.
    pub(crate) fn limit(&self) -> Option<LimitBody> {
        self.limit
    }

    pub(crate) fn into_http_error(
        self,
        method: &'static str,
        path: String,
        response: Response,
    ) -> HttpError {
        HttpError {
            method,
            path,
            response,
            code: self.code,
            message: self.message,
            fields: self.fields,
        }
    }

    /// Discord's code and message, for an error that is not an [`HttpError`].
    pub(crate) fn into_code_and_message(self) -> (Option<u64>, Option<Box<str>>) {
        (self.code.filter(|&code| code != 0), self.message)
    }
}

/// The tree mirrors the request: object keys as they are, array positions as digits.
fn flatten(tree: &Map<String, Value>, path: &str, fields: &mut Vec<FieldError>) {
    for (key, node) in tree {
        if fields.len() >= MAX_FIELDS {
            return;
        }
        if key == "_errors" {
            let errors = node.as_array().into_iter().flatten();
            let room = MAX_FIELDS - fields.len();
            fields.extend(errors.take(room).map(|error| field_error(path, error)));
            continue;
        }
        let deeper = || step(path, &cut(key, MAX_PATH_CHARS));
        match node {
            Value::Object(tree) => flatten(tree, &deeper(), fields),
            // Older endpoints have the message in place of the list.
            Value::String(message) => fields.push(FieldError {
                path: deeper(),
                code: String::new(),
                message: cut(message, MAX_MESSAGE_CHARS),
            }),
            _ => {}
        }
    }
}

fn step(path: &str, key: &str) -> String {
    let is_position = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let deeper = match (is_position, path.is_empty()) {
        (true, _) => format!("{path}[{key}]"),
        (false, true) => key.to_owned(),
        (false, false) => format!("{path}.{key}"),
    };
    cut(&deeper, MAX_PATH_CHARS)
}

fn field_error(path: &str, error: &Value) -> FieldError {
    let code = match error.get("code") {
        Some(Value::String(code)) => cut(code, MAX_CODE_CHARS),
        Some(Value::Number(code)) => code.to_string(),
        _ => String::new(),
    };
    let message = error.get("message").and_then(Value::as_str);
    FieldError {
        path: path.to_owned(),
        code,
        message: cut(message.unwrap_or_default(), MAX_MESSAGE_CHARS),
    }
}

fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error(status: u16, body: &str) -> HttpError {
        let response = Response::new(status, Vec::new(), body.as_bytes().to_vec());
        let path = "/channels/1/messages".to_owned();
        ErrorBody::parse(response.bytes()).into_http_error("POST", path, response)
    }

    #[test]
    fn code_and_message_become_one_line() {
        let error = error(403, r#"{"message":"Missing Access","code":50001}"#);
        assert!(
            error
                .to_string()
                .starts_with("POST /channels/1/messages: 403 Missing Access (50001)"),
            "{error}"
        );
    }

    #[test]
    fn the_tree_of_fields_becomes_lines() {
        let error = error(
            400,
            r#"{"code":50035,"message":"Invalid Form Body","errors":{
                "embeds":{"0":{"fields":{"2":{"name":{"_errors":[
                    {"code":"BASE_TYPE_REQUIRED","message":"This field is required"}]}}}}},
                "_errors":[{"code":"X","message":"at the root"}]}}"#,
        );
        let text = error.to_string();
        assert!(
            text.contains(
                "\n  embeds[0].fields[2].name: BASE_TYPE_REQUIRED: This field is required"
            ),
            "{text}"
        );
        assert!(text.contains("\n  the payload: X: at the root"), "{text}");
    }

    #[test]
    fn a_body_that_is_not_json_is_shown_as_it_is() {
        assert_eq!(
            error(502, "<html>\n<body>Bad gateway</body>").to_string(),
            "POST /channels/1/messages: 502 <html> <body>Bad gateway</body>"
        );
        assert_eq!(error(500, "").to_string(), "POST /channels/1/messages: 500");
    }

    #[test]
    fn a_small_body_does_not_become_a_large_error() {
        let key = "k".repeat(100_000);
        let errors: Vec<_> = (0..20_000).map(|_| json!({ "code": "C" })).collect();
        let body = json!({ "errors": { key: { "a": { "_errors": errors } } } }).to_string();
        let error = error(400, &body);
        assert_eq!(error.fields.len(), MAX_FIELDS);
        let kept: usize = error.fields.iter().map(|field| field.path.len()).sum();
        assert!(kept < 30_000, "{kept}");
        assert!(
            error.to_string().len() < 10_000,
            "{}",
            error.to_string().len()
        );
        assert!(format!("{error:?}").len() < 50_000);
    }

    #[test]
    fn long_messages_are_cut() {
        let long = "ü".repeat(200_000);
        let body = json!({ "message": long, "errors": {
            "_errors": [{ "code": long, "message": "x" }], "old": "y" } });
        let error = error(400, &body.to_string());
        let chars = error
            .message
            .as_deref()
            .map(|message| message.chars().count());
        assert_eq!(chars, Some(MAX_MESSAGE_CHARS + 1));
        assert!(error.to_string().len() < 10_000);
    }

    #[test]
    fn a_body_of_more_than_a_mebibyte_is_not_parsed() {
        let body = json!({ "message": "x".repeat(MAX_PARSED_BYTES), "code": 1 }).to_string();
        let error = error(400, &body);
        assert_eq!((error.code, error.message.as_deref()), (None, None));
        assert!(error.to_string().len() < 400, "{error}");
        let nested = "[".repeat(500_000);
        assert_eq!(self::error(400, &nested).code, None);
    }
}
