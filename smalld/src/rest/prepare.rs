//! Preparation of a request: from a draft to URL, headers and body, each checked.

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::error::redact::Secrets;
use crate::error::{ConfigError, Error, JsonError, Result};
use crate::rest::attachment::Attachment;
use crate::rest::draft::Draft;
use crate::rest::limiter::route::{Route, hidden, masked};
use crate::rest::path::encoded;
use crate::rest::retry::{self, Safety};

/// Discord's limit.
const MAX_REASON_CHARS: usize = 512;

/// A request that can be sent, as often as needed.
pub(crate) struct Prepared {
    pub(crate) method: Method,
    url: Url,
    headers: HeaderMap,
    payload: Bytes,
    attachments: Vec<Attachment>,
    fields: Vec<(String, String)>,
    pub(crate) route: Route,
    /// The path, for messages.
    pub(crate) shown: String,
    pub(crate) safety: Safety,
    /// Secrets that no message may contain.
    pub(crate) secrets: Secrets,
}

impl Draft {
    pub(crate) fn prepare(self) -> Result<Prepared> {
        let method = self.method.clone();
        let path = self.path.checked();
        let path = path.map_err(|mistake| Error::config(format!("{method}: {mistake}")))?;
        let name = method_name(&method);
        let plain = path.split('?').next().unwrap_or_default();
        let mut route = Route::new(method.as_str(), plain);
        let shown = masked(plain);
        let wrong = |what: String| {
            let message = format!("{what}; nothing was sent");
            Error::Config(ConfigError::of_request(name, shown.clone(), message))
        };
        let url = self
            .rest
            .base()
            .join(&path)
            .ok_or_else(|| wrong("in a URL this path would become another one".to_owned()))?;
        let url = with_query(url, self.query).map_err(&wrong)?;
        let mut headers = headers(self.headers, self.reason).map_err(&wrong)?;
        let (attachments, fields) = (self.attachments, self.fields);
        let is_form = !(attachments.is_empty() && fields.is_empty());
        if is_form && headers.contains_key(CONTENT_TYPE) {
            return Err(wrong(
                "with attachments, smalld sets the `content-type`, which is that of a form"
                    .to_owned(),
            ));
        }
        form_names(&attachments, &fields).map_err(&wrong)?;
        // If the path has a token of its own, Discord needs no other.
        let own_secrets = own_secrets(&headers, plain);
        route.with_bot_token &= !headers.contains_key(AUTHORIZATION);
        if route.with_bot_token {
            headers.insert(AUTHORIZATION, self.rest.0.authorization.clone());
        }
        let payload = self.payload.map_err(|error| {
            let message = "the payload cannot be written as JSON, and nothing was sent".to_owned();
            JsonError::of_request(name, shown.clone(), message, error)
        })?;
        let safety = match self.retry {
            Some(true) => Safety::Idempotent,
            Some(false) => Safety::Once,
            None => retry::safety(&method, route.kind, &payload),
        };
        let expects_body = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        if !is_form && !payload.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.entry(CONTENT_TYPE).or_insert(json);
        } else if !is_form && expects_body {
            // Some servers demand a length even if there is no body (411).
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(Prepared {
            method,
            url,
            headers,
            payload: payload.into(),
            attachments,
            fields,
            route,
            shown,
            safety,
            secrets: Secrets::new(self.rest.0.token.clone(), own_secrets),
        })
    }
}

impl Prepared {
    /// Built for each attempt, because a stream can be read only once.
    pub(crate) async fn build(&self, client: &Client) -> Result<reqwest::Request> {
        let request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone());
        let request = match (self.is_form(), self.payload.is_empty()) {
            (true, _) => request.multipart(self.form().await?),
            (false, false) => request.body(self.payload.clone()),
            (false, true) => request,
        };
        request.build().map_err(|error| {
            let message = format!("it cannot be sent: {}", error.without_url());
            Error::Config(ConfigError::of_request(
                self.method_name(),
                self.shown.clone(),
                message,
            ))
        })
    }

    /// Names of fields are written as they are: Discord does not understand `files%5B0%5D`.
    async fn form(&self) -> Result<Form> {
        let mut form = Form::new().percent_encode_noop();
        if !self.payload.is_empty() {
            let part = Part::stream_with_length(self.payload.clone(), self.payload.len() as u64);
            let part = part.mime_str("application/json").expect("a media type");
            form = form.part("payload_json", part);
        }
        for (name, value) in &self.fields {
            form = form.text(name.clone(), value.clone());
        }
        for (nth, attachment) in self.attachments.iter().enumerate() {
            let name = match attachment.form_field() {
                Some(name) => name.to_owned(),
                None => format!("files[{nth}]"),
            };
            form = form.part(name, attachment.part().await?);
        }
        Ok(form)
    }

    pub(crate) fn is_form(&self) -> bool {
        !(self.attachments.is_empty() && self.fields.is_empty())
    }

    pub(crate) fn method_name(&self) -> &'static str {
        method_name(&self.method)
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        _ => "DELETE",
    }
}

/// The caller's own authorization, and the tokens in the path.
fn own_secrets(headers: &HeaderMap, path: &str) -> Vec<Box<str>> {
    let values = headers.get_all(AUTHORIZATION).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    // Without its scheme, such as `Bearer`.
    let tokens = values.map(|value| value.rsplit(' ').next().unwrap_or_default().into());
    tokens.chain(hidden(path).map(Into::into)).collect()
}

fn with_query(
    mut url: Url,
    query: Vec<(String, serde_json::Result<Value>)>,
) -> Result<Url, String> {
    let mut pairs = Vec::new();
    for (name, value) in query {
        let value =
            value.map_err(|error| format!("parameter `{name}` cannot be written: {error}"))?;
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            match value {
                Value::Null => {}
                Value::String(text) => pairs.push((name.clone(), text)),
                Value::Bool(_) | Value::Number(_) => pairs.push((name.clone(), value.to_string())),
                Value::Array(_) | Value::Object(_) => {
                    return Err(format!(
                        "parameter `{name}` must be a string, a number or a boolean"
                    ));
                }
            }
        }
    }
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// Names of form fields are written as they are, between quotes in a header.
fn form_names(attachments: &[Attachment], fields: &[(String, String)]) -> Result<(), String> {
    let given = fields.iter().map(|(name, _)| name.as_str());
    let mut names = given.chain(attachments.iter().filter_map(Attachment::form_field));
    let is_odd =
        |name: &&str| name.is_empty() || name.contains(|c: char| c.is_control() || c == '"');
    match names.find(is_odd) {
        Some(odd) => Err(format!(
            "`{}` cannot name a field of a form",
            odd.escape_debug()
        )),
        None => Ok(()),
    }
}

/// Headers that callers cannot set, because they decide how the request is framed and where it
/// goes.
const OWN_HEADERS: [HeaderName; 5] = [
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    PROXY_AUTHORIZATION,
];

fn headers(given: Vec<(String, String)>, reason: Option<String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(&value).ok());
        let (name, mut value) = parsed.ok_or_else(|| {
            format!(
                "`{}` cannot be a header with this value",
                name.escape_debug()
            )
        })?;
        if OWN_HEADERS.contains(&name) {
            return Err(format!("the header `{name}` is set by smalld"));
        }
        // It may be a secret.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    if let Some(reason) = reason {
        let length = reason.chars().count();
        if !(1..=MAX_REASON_CHARS).contains(&length) {
            return Err(format!(
                "the reason has {length} characters; Discord allows 1 to {MAX_REASON_CHARS}"
            ));
        }
        let value = HeaderValue::try_from(encoded(&reason).to_string());
        headers.insert(
            "x-audit-log-reason",
            value.map_err(|_| "the reason cannot be a header")?,
        );
    }
    Ok(headers)
}
