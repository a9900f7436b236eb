//! From what the user said to what is sent: the URL, the headers, the body, each checked.

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::rest::attachment::Attachment;
use crate::rest::draft::Draft;
use crate::rest::limiter::route::{Route, masked};
use crate::rest::path::encoded;
use crate::rest::retry::{self, Safety};

/// Discord's bound of a reason.
const LONGEST_REASON: usize = 512;

/// A request that can be sent, as often as it takes.
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
}

impl Draft {
    pub(crate) fn prepare(self) -> Result<Prepared> {
        let method = self.method.clone();
        let path = self.path.checked();
        let path = path.map_err(|mistake| Error::config(format!("{method}: {mistake}")))?;
        let plain = path.split('?').next().unwrap_or_default();
        let mut route = Route::new(method.as_str(), plain);
        let shown = masked(plain);
        let place =
            |what: String| Error::config(format!("{method} {shown}: {what}; nothing was sent"));
        let url = self
            .rest
            .base()
            .join(&path)
            .ok_or_else(|| place("in a URL this path would become another one".to_owned()))?;
        let url = with_query(url, self.query).map_err(&place)?;
        let mut headers = headers(self.headers, self.reason).map_err(&place)?;
        let (attachments, fields) = (self.attachments, self.fields);
        let is_form = !(attachments.is_empty() && fields.is_empty());
        if is_form && headers.contains_key(CONTENT_TYPE) {
            return Err(place(
                "with attachments the `content-type` is that of a form, and smalld's to set"
                    .to_owned(),
            ));
        }
        form_names(&attachments, &fields).map_err(&place)?;
        // Where the path holds a token of its own Discord needs no other.
        route.with_bot_token &= !headers.contains_key(AUTHORIZATION);
        if route.with_bot_token {
            headers.insert(AUTHORIZATION, self.rest.0.authorization.clone());
        }
        let payload = self.payload.map_err(|error| {
            Error::json(
                format!(
                    "{method} {shown}: the payload cannot be written as JSON, and nothing was sent"
                ),
                error,
            )
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
            // Servers may insist on being told that there is none (411).
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
        })
    }
}

impl Prepared {
    /// What to send, made anew for each attempt: a stream can be read only once.
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
            let (method, path) = (&self.method, &self.shown);
            Error::config(format!(
                "{method} {path}: it cannot be sent: {}",
                error.without_url()
            ))
        })
    }

    /// Names in it are written as they are: Discord does not understand `files%5B0%5D`.
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
        match self.method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            _ => "DELETE",
        }
    }
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
                        "parameter `{name}` is neither a string, a number nor a boolean"
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

/// Names of a form's fields stand in quotes in a header, written as they are.
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

/// How the request is framed and where it goes is not for its caller to say.
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
            return Err(format!("the header `{name}` is smalld's to set"));
        }
        // Whatever a bot puts there itself is not for logs.
        value.set_sensitive(true);
        headers.append(name, value);
    }
    if let Some(reason) = reason {
        let length = reason.chars().count();
        if !(1..=LONGEST_REASON).contains(&length) {
            return Err(format!(
                "the reason has {length} characters; Discord takes 1 to {LONGEST_REASON}"
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
