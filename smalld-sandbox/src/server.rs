//! The two listeners, and what becomes of a connection: REST, the gateway, or a file.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::gateway::{self, Compression, Line, Pace};
use crate::hub::{Entrance, Hub};
use crate::local::{NOT_LOCAL, is_local};
use crate::refusal;
use crate::rest;
use crate::script::{Opening, Stage};

/// Before the next attempt to accept after a failed one.
const BREATHER: Duration = Duration::from_millis(50);
/// How many TCP connections each listener serves at once; more wait in the system's backlog.
const MAX_CONNECTIONS: usize = 1024;

pub(crate) type Reply = Response<Full<Bytes>>;

/// Both sockets, bound but not served yet.
pub(crate) struct Listeners {
    general: TcpListener,
    resume: TcpListener,
}

impl Listeners {
    /// On the loopback; port 0 lets the system choose.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let general = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let resume = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { general, resume })
    }

    /// The address of the general one and of the one for resuming.
    pub(crate) fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.general.local_addr()?, self.resume.local_addr()?))
    }

    /// Serves both until this is aborted; that ends every connection, too.
    pub(crate) fn serve(self, hub: &Arc<Hub>) -> AbortHandle {
        let general = accept(self.general, Arc::clone(hub), Entrance::General);
        let resume = accept(self.resume, Arc::clone(hub), Entrance::Resume);
        tokio::spawn(async { tokio::join!(general, resume) }).abort_handle()
    }
}

async fn accept(listener: TcpListener, hub: Arc<Hub>, entrance: Entrance) {
    let mut connections = JoinSet::new();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let hub = Arc::clone(&hub);
                connections.spawn(async move {
                    connection(stream, hub, entrance).await;
                    drop(permit);
                });
            }
            // The bot gave up early, or this process has no file descriptors left for a moment.
            Err(_) => tokio::time::sleep(BREATHER).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one TCP connection to its end: HTTP first and then, if the bot upgrades, the gateway.
async fn connection(stream: TcpStream, hub: Arc<Hub>, entrance: Entrance) {
    // Small frames should not wait for each other; without this they are merely slower.
    let _ = stream.set_nodelay(true);
    let upgrade = Mutex::new(None);
    let (shared, pending) = (&hub, &upgrade);
    let service =
        service_fn(move |request| async move { answer(shared, entrance, request, pending).await });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if http.with_upgrades().await.is_err() {
        return;
    }
    let upgrade = upgrade
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some((upgrade, destination)) = upgrade else {
        return;
    };
    let pace = match destination {
        // Of a script's connections the test decides everything.
        Destination::Script(..) => Pace::default(),
        _ => hub.pace.clone(),
    };
    if let Some(socket) = websocket(upgrade, pace).await {
        match destination {
            Destination::Gateway(compression) => {
                gateway::serve(hub, socket, entrance, compression).await;
            }
            Destination::Script(stage, opening) => stage.receive(&hub, socket, opening).await,
            Destination::WrongVersion => gateway::refuse(socket, gateway::INVALID_VERSION).await,
        }
    }
}

type Upgrade = Mutex<Option<(OnUpgrade, Destination)>>;

/// What a connection becomes once it is a websocket.
enum Destination {
    Gateway(Compression),
    Script(Stage, Opening),
    /// Closed with a close code, which can only be said once the websocket is open.
    WrongVersion,
}

#[derive(Debug, PartialEq, Eq)]
enum Version {
    Ten,
    Other,
}

/// The connection is to be dropped without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was refused without an answer, as planned")
    }
}

impl std::error::Error for Dropped {}

async fn answer(
    hub: &Hub,
    entrance: Entrance,
    mut request: Request<Incoming>,
    upgrade: &Upgrade,
) -> Result<Reply, Dropped> {
    if !is_local(&request) {
        return Ok(plain(StatusCode::FORBIDDEN, NOT_LOCAL));
    }
    if request.uri().path() != "/" {
        return Ok(match entrance {
            Entrance::General => rest::answer(hub, request).await,
            Entrance::Resume => plain(StatusCode::NOT_FOUND, "only the gateway is served here\n"),
        });
    }
    if upgrades(&request)
        && let Some(refusal) = hub.refused(entrance)
    {
        return refuse(refusal);
    }
    let destination = hub.stage().map_or_else(
        || destination(&request),
        |stage| Ok(Destination::Script(stage, opening(&request, entrance))),
    );
    let accepted = destination.and_then(|to| Ok((handshake(&request)?, to)));
    Ok(match accepted {
        Ok((reply, destination)) => {
            let upgrading = hyper::upgrade::on(&mut request);
            let upgrading = Some((upgrading, destination));
            *upgrade.lock().unwrap_or_else(PoisonError::into_inner) = upgrading;
            reply
        }
        Err((status, why)) => plain(status, why),
    })
}

/// What was planned for this connection instead of an upgrade.
fn refuse(refusal: refusal::Answer) -> Result<Reply, Dropped> {
    let refusal::Answer::Status {
        status,
        retry_after,
    } = refusal
    else {
        return Err(Dropped);
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut reply = plain(status, "the gateway refuses this connection, as planned\n");
    if let Some(retry_after) = retry_after {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let seconds = HeaderValue::from(seconds);
        reply.headers_mut().insert(RETRY_AFTER, seconds);
    }
    Ok(reply)
}

fn opening(request: &Request<Incoming>, entrance: Entrance) -> Opening {
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

/// A status and the reason, for people.
type Refused = (StatusCode, &'static str);

/// Where the query leads, if it asks for what we speak.
fn destination(request: &Request<Incoming>) -> Result<Destination, Refused> {
    let asked_for = asked_for(request.uri().query().unwrap_or_default());
    match asked_for {
        Ok((Version::Ten, compression)) => Ok(Destination::Gateway(compression)),
        Ok((Version::Other, _)) => Ok(Destination::WrongVersion),
        Err(mistake) => Err((StatusCode::BAD_REQUEST, mistake)),
    }
}

/// The answer that opens a websocket.
fn handshake(request: &Request<Incoming>) -> Result<Reply, Refused> {
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

fn upgrades(request: &Request<Incoming>) -> bool {
    let upgrade = request
        .headers()
        .get(UPGRADE)
        .and_then(|protocol| protocol.to_str().ok());
    upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

fn asked_for(query: &str) -> Result<(Version, Compression), &'static str> {
    let (mut version, mut compression) = (Version::Other, Compression::None);
    for (name, value) in rest::pairs(query) {
        match (name.as_str(), value.as_str()) {
            ("v", "10") => version = Version::Ten,
            ("encoding", "json") => {}
            ("encoding", _) => return Err("this gateway speaks `encoding=json` only\n"),
            ("compress", name) => compression = Compression::asked_for(name)?,
            _ => {}
        }
    }
    Ok((version, compression))
}

/// The raw socket under the connection, so that whoever serves it can do anything with it.
async fn websocket(upgrade: OnUpgrade, pace: Pace) -> Option<gateway::Socket> {
    let parts = upgrade
        .await
        .ok()
        .map(Upgraded::downcast::<TokioIo<TcpStream>>)?
        .ok()?;
    let (stream, config) = (parts.io.into_inner(), gateway::websocket_config());
    let read = parts.read_buf.to_vec();
    let line = Line::new(stream, pace);
    Some(WebSocketStream::from_partially_read(line, read, Role::Server, Some(config)).await)
}

fn plain(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Full::from(text));
    *reply.status_mut() = status;
    reply
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
            // Without a version, Discord serves the sixth.
            ("", Version::Other, Compression::None),
        ] {
            assert_eq!(asked_for(query), Ok((version, compression)), "{query}");
        }
        assert!(asked_for("v=10&encoding=etf").is_err());
        assert!(asked_for("v=10&encoding=json&compress=gzip").is_err());
    }
}
