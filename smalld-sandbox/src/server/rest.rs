//! REST over HTTP: reads a request, answers it under one lock, and records both.

use http_body_util::{BodyExt, Full, Limited};
use hyper::StatusCode;
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT, VIA};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::sync::Arc;
use tokio::time::Instant;

use crate::hub::{Hub, State};
use crate::rest::admit::{self, Admitted, Head};
use crate::rest::body::Body;
use crate::rest::bucket::bucket;
use crate::rest::call::{Call, SessionStarts, Surroundings};
use crate::rest::endpoints;
use crate::rest::error::{self, Error};
use crate::rest::reply::Reply;
use crate::rest::request::Request;
use crate::rest::routes::Found;
use crate::rest::stubs::Stub;
use crate::server::{Response, media};

const BASE: &str = "/api/v10";
/// Discord's bound of a whole request.
const MAX_REQUEST_BYTES: usize = 25 << 20;

/// Answers a request for anything but the gateway.
pub(crate) async fn answer(hub: &Hub, request: hyper::Request<Incoming>) -> Response {
    let (head, incoming) = request.into_parts();
    if let Some(path) = head.uri.path().strip_prefix("/attachments/") {
        return media::serve(hub, path);
    }
    let has_token = has_token(hub, &head);
    let stub = stub(hub, &head);
    let is_stubbed = stub.is_some();
    let admitted = admit(&head, has_token, stub.is_some());
    // Without a token, a client could fill the memory of the sandbox.
    let (bytes, body) = if has_token || has_route_token(hub, &admitted) {
        read(&head, incoming).await
    } else {
        discard(incoming).await;
        (Bytes::new(), Ok(Body::default()))
    };
    let mut record = record(&head, &bytes, body.as_ref().ok());
    let reply = match admitted {
        Ok(admitted) => respond(hub, admitted, stub, body, &record),
        Err(error) => Reply::from(Err(error)),
    };
    record.status = reply.status;
    record.answer = reply.body.clone().unwrap_or_default();
    if reply.status == error::NOT_SIMULATED.status() && !is_stubbed {
        tracing::warn!(method = %record.method, path = %record.path, "{}", error::NOT_SIMULATED);
    }
    hub.record_request(record);
    response(reply)
}

fn has_token(hub: &Hub, head: &Parts) -> bool {
    let token = header(head, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bot "));
    token.is_some_and(|token| hub.look(|state| state.gateway.accepts(token)))
}

/// Whether the path has the token of an interaction or a webhook, which is enough for its routes.
fn has_route_token(hub: &Hub, admitted: &Result<Admitted, Error>) -> bool {
    let Ok(Admitted::Route(found)) = admitted else {
        return false;
    };
    let is_token = |name: &str| matches!(name, "interaction_token" | "webhook_token");
    let mut values = found.values.iter();
    let token = values.find(|(name, _)| is_token(name));
    token.is_some_and(|(_, token)| hub.look(|state| state.world.knows_token(token)))
}

fn stub(hub: &Hub, head: &Parts) -> Option<Stub> {
    let path = admit::versioned(head.uri.path()).ok()?;
    hub.look(|state| state.stubs.find(head.method.as_str(), path))
}

fn admit(head: &Parts, has_token: bool, is_stubbed: bool) -> Result<Admitted, Error> {
    let head = Head {
        method: head.method.as_str(),
        path: head.uri.path(),
        user_agent: header(head, &USER_AGENT),
        has_token,
    };
    admit::admit(&head, is_stubbed)
}

async fn read(head: &Parts, incoming: Incoming) -> (Bytes, Result<Body, Error>) {
    match Limited::new(incoming, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => {
            let bytes = body.to_bytes();
            let body = Body::read(header(head, &CONTENT_TYPE), bytes.clone()).await;
            (bytes, body)
        }
        // Too large; or the client is gone, and reads no answer.
        Err(_) => (Bytes::new(), Err(error::TOO_LARGE.into())),
    }
}

/// Reads and discards a body, so that a client that writes before it reads still gets its answer.
async fn discard(incoming: Incoming) {
    let mut body = Limited::new(incoming, MAX_REQUEST_BYTES);
    while let Some(Ok(_)) = body.frame().await {}
}

/// Answers in Discord's order: the limits, the body, the endpoint. A stub runs without the lock, as
/// it may use the sandbox itself.
fn respond(
    hub: &Hub,
    admitted: Admitted,
    stub: Option<Stub>,
    body: Result<Body, Error>,
    request: &Request,
) -> Reply {
    let found = match admitted {
        Admitted::Route(found) => found,
        Admitted::Stubbed => {
            return stub.map_or_else(
                || Reply::from(Err(error::NO_ROUTE.into())),
                |stub| stub.answer(request),
            );
        }
    };
    let checked = check(hub, &found, request);
    if let Some(stub) = stub {
        let (headers, refused) = hub.update(|state, now| limit(state, &found, now));
        let reply = refused.unwrap_or_else(|| match checked {
            Ok(()) => stub.answer(request),
            Err(error) => Reply::from(Err(error)),
        });
        return with_headers(headers, reply);
    }
    let body = body.and_then(|body| checked.map(|()| body));
    hub.update(|state, now| {
        let (headers, refused) = limit(state, &found, now);
        let reply = refused.unwrap_or_else(|| {
            Reply::from(body.and_then(|body| {
                let surroundings = surroundings(hub, state);
                let operation = found.route.operation;
                let mut call = Call {
                    world: &mut state.world,
                    surroundings: &surroundings,
                    now,
                    values: found.values,
                    query: request.query.clone(),
                    body,
                    reason: reason(request),
                };
                endpoints::answer(operation, &mut call)
            }))
        });
        with_headers(headers, reply)
    })
}

/// Checks a request against Discord's OpenAPI document, if there is one.
fn check(hub: &Hub, found: &Found, request: &Request) -> Result<(), Error> {
    let Some(openapi) = &hub.settings.openapi else {
        return Ok(());
    };
    openapi.check(found.route.operation, &request.query, request.json.as_ref())
}

/// The reason in `X-Audit-Log-Reason`, which is percent-encoded.
fn reason(request: &Request) -> Option<String> {
    let reason = request.header("x-audit-log-reason")?;
    Some(percent_decode_str(reason).decode_utf8_lossy().into_owned())
}

type Headers = Vec<(&'static str, String)>;

/// The headers about limits, and the 429 if there is one.
fn limit(state: &mut State, found: &Found, now: u64) -> (Headers, Option<Reply>) {
    let verdict = state.limits.admit(&bucket(found), Instant::now());
    let refused = verdict.refusal().map(|body| Reply::json(429, body));
    (verdict.headers(now), refused)
}

fn with_headers(headers: Headers, mut reply: Reply) -> Reply {
    let headers = headers.into_iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    // A header of a stub comes later and wins.
    reply.headers.splice(0..0, headers);
    reply
}

fn surroundings(hub: &Hub, state: &mut State) -> Surroundings {
    let starts = state.gateway.starts_left();
    let reset_after = starts.reset_after.as_millis();
    Surroundings {
        gateway_url: hub.settings.gateway_url.clone(),
        shards: hub.settings.shards,
        granted_intents: hub.settings.granted_intents,
        session_starts: SessionStarts {
            total: starts.total,
            remaining: starts.remaining,
            reset_after_millis: u64::try_from(reset_after).unwrap_or(u64::MAX),
            max_concurrency: starts.max_concurrency,
        },
    }
}

fn header<'h>(head: &'h Parts, name: &HeaderName) -> Option<&'h str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

fn record(head: &Parts, bytes: &[u8], body: Option<&Body>) -> Request {
    let path = head.uri.path();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
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
        answer: Value::Null,
    }
}

fn response(reply: Reply) -> Response {
    // Clients parse a body that is declared as JSON, even if it is empty.
    let content_type = reply.body.is_some().then_some("application/json");
    let text = reply.body.map(|body| body.to_string()).unwrap_or_default();
    let mut response = hyper::Response::new(Full::from(text));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    // Libraries take a 429 without this header for a block by Cloudflare.
    headers.insert(VIA, HeaderValue::from_static("1.1 google"));
    let content_type = content_type.map(HeaderValue::from_static);
    headers.extend(content_type.map(|json| (CONTENT_TYPE, json)));
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    response
}
