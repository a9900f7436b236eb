//! The upgrade of an HTTP request to a websocket: what it asks for, and how it is refused.

use std::fmt;

use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::{Request, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::gateway::compression::Compression;
use crate::gateway::entrance::Entrance;
use crate::gateway::refusal;
use crate::hub::stage::{Opening, Stage};
use crate::rest::query;
use crate::server::{Response, plain};

/// What a connection becomes once it is a websocket.
pub(crate) enum Destination {
    Gateway(Compression),
    Script(Stage, Opening),
    /// Closed with a close code, which needs an open websocket.
    WrongVersion,
}

/// Drops the connection without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was refused without an answer, as planned")
    }
}

impl std::error::Error for Dropped {}

#[derive(Debug, PartialEq, Eq)]
enum Version {
    Ten,
    Other,
}

/// The answer that was planned for this connection instead of an upgrade.
pub(crate) fn refuse(refusal: refusal::Answer) -> Result<Response, Dropped> {
    let refusal::Answer::Status {
        status,
        retry_after,
    } = refusal
    else {
        return Err(Dropped);
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut reply = plain(status, "the gateway refused this connection, as planned\n");
    if let Some(retry_after) = retry_after {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let seconds = HeaderValue::from(seconds);
        reply.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(reply)
}

/// What the request asks for, as a script sees it.
pub(crate) fn opening(request: &Request<Incoming>, entrance: Entrance) -> Opening {
    let target = request.uri().path_and_query();
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Opening {
        entrance,
        target: target.map_or_else(String::new, ToString::to_string),
        headers: headers.collect(),
    }
}

/// A status, and the reason for people.
type Refused = (StatusCode, &'static str);

/// The kind of connection for the query, if it requests a protocol that the sandbox supports.
pub(crate) fn destination(request: &Request<Incoming>) -> Result<Destination, Refused> {
    let requested = requested(request.uri().query().unwrap_or_default());
    match requested {
        Ok((Version::Ten, compression)) => Ok(Destination::Gateway(compression)),
        Ok((Version::Other, _)) => Ok(Destination::WrongVersion),
        Err(mistake) => Err((StatusCode::BAD_REQUEST, mistake)),
    }
}

/// The answer that opens a websocket.
pub(crate) fn handshake(request: &Request<Incoming>) -> Result<Response, Refused> {
    let Some(key) = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| upgrades(request))
    else {
        return Err((StatusCode::UPGRADE_REQUIRED, "the gateway is a websocket\n"));
    };
    let mut reply = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let accept = derive_accept_key(key.as_bytes()).parse();
    let headers = reply.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.extend(accept.ok().map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    Ok(reply)
}

pub(crate) fn upgrades(request: &Request<Incoming>) -> bool {
    let upgrade = request
        .headers()
        .get(UPGRADE)
        .and_then(|protocol| protocol.to_str().ok());
    upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

fn requested(query: &str) -> Result<(Version, Compression), &'static str> {
    let (mut version, mut compression) = (Version::Other, Compression::None);
    for (name, value) in query::pairs(query) {
        match (name.as_str(), value.as_str()) {
            ("v", "10") => version = Version::Ten,
            ("encoding", "json") => {}
            ("encoding", _) => return Err("this gateway speaks `encoding=json` only\n"),
            ("compress", name) => compression = Compression::requested(name)?,
            _ => {}
        }
    }
    Ok((version, compression))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_speaks_version_10_in_json_compressed_as_a_stream_or_not_at_all() {
        for (query, version, compression) in [
            ("v=10&encoding=json", Version::Ten, Compression::None),
            ("v=10", Version::Ten, Compression::None),
            (
                "v=10&encoding=json&compress=zlib-stream",
                Version::Ten,
                Compression::ZlibStream,
            ),
            ("v=9&encoding=json", Version::Other, Compression::None),
            // Without a version, Discord serves version 6.
            ("", Version::Other, Compression::None),
        ] {
            assert_eq!(requested(query), Ok((version, compression)), "{query}");
        }
        assert!(requested("v=10&encoding=etf").is_err());
        assert!(requested("v=10&encoding=json&compress=gzip").is_err());
    }
}
