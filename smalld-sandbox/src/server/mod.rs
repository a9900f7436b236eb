//! Sockets: two listeners, and the handling of each connection.
//!
//! `local` refuses what does not come from this machine. `rest` answers REST requests, `media` serves
//! attachments, `upgrade` opens websockets. A websocket goes to a script, or to `connection`, which
//! reads frames into a `conversation` and writes what is `outgoing`.

mod connection;
mod conversation;
mod local;
mod media;
mod outgoing;
mod rest;
mod upgrade;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::gateway::close;
use crate::gateway::entrance::Entrance;
use crate::gateway::socket::{Pace, PacedStream, Socket};
use crate::hub::Hub;
use crate::server::local::{NOT_LOCAL, is_local};
use crate::server::upgrade::{Destination, Dropped};

/// The pause after a failed attempt to accept a connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);
/// How many TCP connections each listener serves at once; more wait in the system's backlog.
const MAX_CONNECTIONS: usize = 1024;

pub(crate) type Response = hyper::Response<Full<Bytes>>;

/// Both sockets, bound but not served yet.
pub(crate) struct Listeners {
    general: TcpListener,
    resume: TcpListener,
}

impl Listeners {
    /// Binds both on the loopback; port 0 lets the system choose.
    pub(crate) async fn bind(port: u16) -> io::Result<Self> {
        let general = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let resume = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self { general, resume })
    }

    /// The general address, and the one for resuming.
    pub(crate) fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.general.local_addr()?, self.resume.local_addr()?))
    }

    /// Serves both until the task is aborted, which also ends every connection.
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
            // The bot gave up early, or the process has no file descriptors left.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Serves one TCP connection to its end: HTTP first and then, if the bot upgrades, the gateway.
async fn connection(stream: TcpStream, hub: Arc<Hub>, entrance: Entrance) {
    // Small frames must not wait for each other. Without this option they are only slower.
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
        // A script decides everything about its connections.
        Destination::Script(..) => Pace::default(),
        _ => hub.pace.clone(),
    };
    if let Some(socket) = websocket(upgrade, pace).await {
        match destination {
            Destination::Gateway(compression) => {
                connection::serve(hub, socket, entrance, compression).await;
            }
            Destination::Script(stage, opening) => {
                hub.connected_to_script(opening.entrance);
                let ready = hub.look(|state| state.gateway.ready(&state.world, ""));
                stage.receive(socket, opening, ready).await;
            }
            Destination::WrongVersion => connection::refuse(socket, close::INVALID_VERSION).await,
        }
    }
}

type Upgrade = Mutex<Option<(OnUpgrade, Destination)>>;

async fn answer(
    hub: &Hub,
    entrance: Entrance,
    mut request: Request<Incoming>,
    pending: &Upgrade,
) -> Result<Response, Dropped> {
    if !is_local(&request) {
        return Ok(plain(StatusCode::FORBIDDEN, NOT_LOCAL));
    }
    if request.uri().path() != "/" {
        return Ok(match entrance {
            Entrance::General => rest::answer(hub, request).await,
            Entrance::Resume => plain(StatusCode::NOT_FOUND, "only the gateway is served here\n"),
        });
    }
    if upgrade::upgrades(&request)
        && let Some(refusal) = hub.refused(entrance)
    {
        return upgrade::refuse(refusal);
    }
    let destination = hub.stage().map_or_else(
        || upgrade::destination(&request),
        |stage| {
            Ok(Destination::Script(
                stage,
                upgrade::opening(&request, entrance),
            ))
        },
    );
    let accepted = destination.and_then(|to| Ok((upgrade::handshake(&request)?, to)));
    Ok(match accepted {
        Ok((reply, destination)) => {
            let upgrading = hyper::upgrade::on(&mut request);
            let upgrading = Some((upgrading, destination));
            *pending.lock().unwrap_or_else(PoisonError::into_inner) = upgrading;
            reply
        }
        Err((status, why)) => plain(status, why),
    })
}

/// The raw socket under the connection, so that a script can do anything with it.
async fn websocket(upgrade: OnUpgrade, pace: Pace) -> Option<Socket> {
    let parts = upgrade
        .await
        .ok()
        .map(Upgraded::downcast::<TokioIo<TcpStream>>)?
        .ok()?;
    let (stream, config) = (parts.io.into_inner(), connection::websocket_config());
    let read = parts.read_buf.to_vec();
    let stream = PacedStream::new(stream, pace);
    Some(WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await)
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut reply = hyper::Response::new(Full::from(text));
    *reply.status_mut() = status;
    reply
}
