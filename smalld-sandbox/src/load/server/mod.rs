//! A server that speaks as much of Discord's protocol as a client needs to connect, at as little cost as
//! possible, because it shares the machine with the client that is measured.
//!
//! `http` reads requests and answers them; a request to upgrade becomes a connection of `gateway`. Both
//! report what the client does as an [`Action`].

mod gateway;
mod http;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use smalld_sandbox::traffic::{Encoder, Encoding};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Bytes;

/// How many actions may wait to be received.
const ACTIONS: usize = 4_096;

/// What the client did.
pub(crate) struct Action {
    pub(crate) at: Instant,
    pub(crate) kind: ActionKind,
}

pub(crate) enum ActionKind {
    /// A shard identified, and READY is on its way. Frames to it go through the sender.
    Identified(mpsc::Sender<Bytes>),
    /// A presence update: the answer to a marker. It carries the number of the client's allocations, if the
    /// client counts them.
    Answered { allocations: Option<f64> },
    /// A POST of a message.
    Posted,
    /// A connection of the gateway ended.
    Disconnected,
}

/// Settings of a server.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) encoding: Encoding,
    pub(crate) shards: u32,
    /// Whether REST requests are reported. Counting them costs less.
    pub(crate) report_posts: bool,
}

struct Shared {
    settings: Settings,
    address: SocketAddr,
    encoder: Encoder,
    actions: mpsc::Sender<Action>,
    requests: http::Counter,
}

/// A running server. Dropping it closes the listener and all connections.
pub(crate) struct Server {
    shared: Arc<Shared>,
    actions: mpsc::Receiver<Action>,
    accepting: AbortHandle,
}

impl Server {
    pub(crate) async fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (sender, actions) = mpsc::channel(ACTIONS);
        let shared = Arc::new(Shared {
            settings,
            address: listener.local_addr()?,
            encoder: Encoder::new(settings.encoding),
            actions: sender,
            requests: http::Counter::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self {
            shared,
            actions,
            accepting,
        })
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/api/v10", self.shared.address)
    }

    /// Waits for the next thing that the client does.
    pub(crate) async fn action(&mut self) -> Option<Action> {
        self.actions.recv().await
    }

    /// Waits until the client has made this many requests in total.
    pub(crate) async fn requests(&self, count: u64) {
        self.shared.requests.reached(count).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn report(&self, kind: ActionKind) {
        let at = Instant::now();
        // Nobody receives any more when the scenario is over.
        let _ = self.actions.send(Action { at, kind }).await;
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let _ = socket.set_nodelay(true);
                    connections.spawn(http::serve(socket, Arc::clone(&shared)));
                }
                // No file descriptor is free; the client tries again.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
