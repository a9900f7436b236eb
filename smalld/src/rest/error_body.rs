//! What Discord's error bodies say: a code, a sentence, and for forms the fields at fault.

use serde_json::{Map, Value};

use crate::error::response::Response;
use crate::error::{FieldError, HttpError};

/// The error that an answer with a status other than 2xx is.
///
/// See [Discord Docs/Error Messages](https://discord.com/developers/docs/reference#error-messages).
pub(crate) fn http_error(method: &'static str, path: String, response: Response) -> HttpError {
    let body: Value = serde_json::from_slice(response.bytes()).unwrap_or_default();
    let mut fields = Vec::new();
    if let Some(tree) = body["errors"].as_object() {
        flatten(tree, "", &mut fields);
    }
    // The endpoints of OAuth2 have names of their own for it.
    let message = body["message"]
        .as_str()
        .or(body["error_description"].as_str());
    HttpError {
        method,
        path,
        code: body["code"].as_u64(),
        message: message.or(body["error"].as_str()).map(Into::into),
        fields,
        response,
    }
}

/// The tree mirrors the request: keys as they are, positions of arrays as digits.
fn flatten(tree: &Map<String, Value>, path: &str, fields: &mut Vec<FieldError>) {
    for (key, node) in tree {
        if key == "_errors" {
            let errors = node.as_array().into_iter().flatten();
            fields.extend(errors.map(|error| field_error(path, error)));
            continue;
        }
        let is_position = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let deeper = match (is_position, path.is_empty()) {
            (true, _) => format!("{path}[{key}]"),
            (false, true) => key.clone(),
            (false, false) => format!("{path}.{key}"),
        };
        match node {
            Value::Object(tree) => flatten(tree, &deeper, fields),
            // Older endpoints say it without a list.
            Value::String(message) => fields.push(FieldError {
                path: deeper,
                code: String::new(),
                message: message.clone(),
            }),
            _ => {}
        }
    }
}

fn field_error(path: &str, error: &Value) -> FieldError {
    let code = match &error["code"] {
        Value::String(code) => code.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let message = error["message"].as_str().unwrap_or_default().to_owned();
    FieldError {
        path: path.to_owned(),
        code,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> HttpError {
        let response = Response::new(status, Vec::new(), body.as_bytes().to_vec());
        http_error("POST", "/channels/1/messages".to_owned(), response)
    }

    #[test]
    fn a_code_and_a_sentence_become_one_line() {
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
    fn what_is_no_json_is_shown_as_it_is() {
        assert_eq!(
            error(502, "<html>\n<body>Bad gateway</body>").to_string(),
            "POST /channels/1/messages: 502 <html> <body>Bad gateway</body>"
        );
        assert_eq!(error(500, "").to_string(), "POST /channels/1/messages: 500");
    }
}
