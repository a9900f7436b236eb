//! REST: from an HTTP request to its answer. What has to be awaited, the body, is awaited here;
//! everything after that is plain functions.

mod body;
mod directory;
mod error;
mod form;
mod media;
mod messages;
mod query;
mod rate_limit;
mod route;

use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use crate::hub::Hub;
use crate::request::Request;
use crate::server::Reply;
use crate::timestamp;
use body::Body;
use error::Error;
pub(crate) use query::pairs;
pub(crate) use rate_limit::RateLimits;
use route::Endpoint;

const BASE: &str = "/api/v10";
/// Discord's bound of a whole request.
const LARGEST_REQUEST: usize = 25 << 20;

/// What an endpoint answers when all is well.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(Value),
    /// 204, without a body.
    Nothing,
}

/// A status, headers and perhaps JSON, not yet on the wire.
#[derive(Debug)]
struct Outcome {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

pub(crate) async fn answer(hub: &Hub, request: hyper::Request<Incoming>) -> Reply {
    let (head, incoming) = request.into_parts();
    if let Some(path) = head.uri.path().strip_prefix("/attachments/") {
        return media::serve(hub, path);
    }
    let admitted = admit(hub, &head);
    let (bytes, body) = if is_trusted(hub, &head, &admitted) {
        read(&head, incoming).await
    } else {
        discard(incoming).await;
        (Bytes::new(), Ok(Body::default()))
    };
    let mut record = record(&head, &bytes, body.as_ref().ok());
    let outcome = match admitted {
        Ok(endpoint) => judge(hub, &head, endpoint, body),
        Err(error) => Outcome::from(Err(error)),
    };
    record.status = outcome.status;
    hub.record_request(record);
    reply(outcome)
}

/// Whether the body of this request is worth keeping: whoever lacks the token could fill the memory
/// of the sandbox with it.
fn is_trusted(hub: &Hub, head: &Parts, admitted: &Result<Endpoint, Error>) -> bool {
    admitted.is_ok() || has_token(hub, head)
}

async fn read(head: &Parts, incoming: Incoming) -> (Bytes, Result<Body, Error>) {
    match Limited::new(incoming, LARGEST_REQUEST).collect().await {
        Ok(body) => {
            let bytes = body.to_bytes();
            let body = Body::read(header(head, &CONTENT_TYPE), bytes.clone()).await;
            (bytes, body)
        }
        // Too large, or broken off; who broke off reads no answer.
        Err(_) => (Bytes::new(), Err(error::TOO_LARGE)),
    }
}

/// Reads a body and keeps nothing of it, so that a client which writes before it reads still gets
/// its answer.
async fn discard(incoming: Incoming) {
    let mut body = Limited::new(incoming, LARGEST_REQUEST);
    while let Some(Ok(_)) = body.frame().await {}
}

/// Everything else that can be wrong, in Discord's order: the limits, the body, the endpoint itself.
fn judge(hub: &Hub, head: &Parts, endpoint: Endpoint, body: Result<Body, Error>) -> Outcome {
    let verdict = hub.with_limits(|limits| limits.admit(&endpoint.bucket(), Instant::now()));
    let headers = verdict.headers(timestamp::now_millis());
    if let Some(body) = verdict.refusal() {
        return Outcome {
            status: 429,
            headers,
            body: Some(body),
        };
    }
    let query = head.uri.query().unwrap_or_default();
    let answer = body.and_then(|body| act(hub, endpoint, query, body));
    Outcome {
        headers,
        ..Outcome::from(answer)
    }
}

/// What is checked before the body is read, in Discord's order: the caller, the path, the token.
fn admit(hub: &Hub, head: &Parts) -> Result<Endpoint, Error> {
    if !header(head, &USER_AGENT).is_some_and(is_bot_agent) {
        return Err(error::BLOCKED);
    }
    let endpoint = Endpoint::find(head.method.as_str(), versioned(head.uri.path())?)?;
    if endpoint.is_public() || has_token(hub, head) {
        Ok(endpoint)
    } else {
        Err(error::UNAUTHORIZED)
    }
}

fn has_token(hub: &Hub, head: &Parts) -> bool {
    let token = header(head, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bot "));
    let is_void = hub.look(|state| state.gateway.token_was_reset);
    token == Some(&hub.settings.token) && !is_void
}

fn act(hub: &Hub, endpoint: Endpoint, query: &str, body: Body) -> Result<Answer, Error> {
    match endpoint {
        Endpoint::Gateway => Ok(directory::gateway(hub)),
        Endpoint::GatewayBot => Ok(directory::gateway_for_bot(hub)),
        Endpoint::OwnApplication => Ok(directory::own_application(hub)),
        Endpoint::OwnUser => Ok(directory::own_user(hub)),
        Endpoint::User(id) => directory::user(hub, id),
        Endpoint::OpenDirectChannel => directory::open_direct_channel(hub, body),
        Endpoint::Guild(id) => directory::guild(hub, id),
        Endpoint::GuildChannels(id) => directory::guild_channels(hub, id),
        Endpoint::GuildMember(id, user) => directory::guild_member(hub, id, user),
        Endpoint::Channel(id) => directory::channel(hub, id),
        Endpoint::Type(channel) => messages::type_in(hub, channel),
        Endpoint::Messages(channel) => messages::list(hub, channel, query),
        Endpoint::CreateMessage(channel) => messages::create(hub, channel, body),
        Endpoint::Message(channel, id) => messages::get(hub, channel, id),
        Endpoint::EditMessage(channel, id) => messages::edit(hub, channel, id, body),
        Endpoint::DeleteMessage(channel, id) => messages::delete(hub, channel, id),
        Endpoint::React(channel, id, emoji) => messages::react(hub, channel, id, &emoji),
        Endpoint::Unreact(channel, id, emoji) => messages::unreact(hub, channel, id, &emoji),
        Endpoint::Reactors(channel, id, emoji) => {
            messages::reactors(hub, channel, id, &emoji, query)
        }
    }
}

/// What follows `/api/v10`.
fn versioned(path: &str) -> Result<&str, Error> {
    let Some(rest) = path.strip_prefix("/api/") else {
        return Err(error::NO_ROUTE);
    };
    match rest.strip_prefix("v10") {
        Some(path) if path.starts_with('/') => Ok(path),
        _ => Err(error::INVALID_VERSION),
    }
}

/// `DiscordBot (url, version)`, with whatever behind it.
fn is_bot_agent(agent: &str) -> bool {
    let facts = agent
        .strip_prefix("DiscordBot (")
        .and_then(|rest| rest.split_once(')'));
    let facts = facts.and_then(|(facts, _)| facts.split_once(','));
    facts.is_some_and(|(url, version)| !url.trim().is_empty() && !version.trim().is_empty())
}

fn header<'h>(head: &'h Parts, name: &HeaderName) -> Option<&'h str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

fn record(head: &Parts, bytes: &[u8], body: Option<&Body>) -> Request {
    let path = head.uri.path();
    let headers = head.headers.iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    Request {
        method: head.method.as_str().to_owned(),
        path: path.strip_prefix(BASE).unwrap_or(path).to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        json: body.and_then(|body| body.json.clone()),
        files: body.map(|body| body.files.clone()).unwrap_or_default(),
        body: Arc::from(bytes),
        status: 0,
    }
}

impl From<Result<Answer, Error>> for Outcome {
    fn from(answer: Result<Answer, Error>) -> Self {
        let (status, body) = match answer {
            Ok(Answer::Json(body)) => (200, Some(body)),
            Ok(Answer::Nothing) => (204, None),
            Err(error) => (error.status, Some(error.body())),
        };
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }
}

fn reply(outcome: Outcome) -> Reply {
    let text = outcome
        .body
        .map(|body| body.to_string())
        .unwrap_or_default();
    let mut reply = Response::new(Full::from(text));
    *reply.status_mut() =
        StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in outcome.headers {
        let value =
            HeaderValue::from_str(&value).expect("limits are written in digits and letters");
        headers.insert(HeaderName::from_static(name), value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_says_who_it_is() {
        assert!(is_bot_agent("DiscordBot (https://example.org, 1.0)"));
        assert!(is_bot_agent(
            "DiscordBot (https://example.org, 1.0) and more"
        ));
        for agent in [
            "",
            "curl/8",
            "DiscordBot",
            "DiscordBot (url)",
            "DiscordBot (, 1)",
        ] {
            assert!(!is_bot_agent(agent), "{agent}");
        }
    }

    #[test]
    fn only_version_10_is_served() {
        assert_eq!(versioned("/api/v10/users/@me"), Ok("/users/@me"));
        assert_eq!(versioned("/api/v9/users/@me"), Err(error::INVALID_VERSION));
        assert_eq!(versioned("/api/users/@me"), Err(error::INVALID_VERSION));
        assert_eq!(
            versioned("/api/v100/users/@me"),
            Err(error::INVALID_VERSION)
        );
        assert_eq!(versioned("/v10/users/@me"), Err(error::NO_ROUTE));
    }
}
