//! The socket loop of a shard: connects, reads, and carries out what the session asks for. All
//! decisions are the session's; all writing is the writer's.

mod backoff;
mod close_code;
mod connect;
mod end;
mod heartbeat;
mod opening;
mod read;
mod send_limit;
mod session;
mod shard;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

pub use self::shard::Shard;

pub(crate) use self::connect::Connect;
pub(crate) use self::session::{Identity, Session};

use self::connect::Socket;
use self::end::End;
use self::shard::Order;
use self::writer::{Pulse, RESUMABLE, Written};
use crate::dispatch::Dispatcher;
use crate::error::Error;

/// How long Discord may take to answer a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a session has to be ready to count as one that was worth beginning.
const LASTS: Duration = Duration::from_secs(600);
/// Payloads of users that may wait for the writer; beyond it their futures wait.
const ORDERS: usize = 32;

/// How far the bot's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Running,
    /// Read no more; handlers may finish.
    Draining,
    /// Close the connections.
    Closing,
}

/// One shard's way through all its connections.
pub(crate) struct Gateway {
    pub(crate) shard: Shard,
    pub(crate) session: Session,
    /// Since when this connection has a session that is ready.
    pub(crate) ready_since: Option<Instant>,
    pub(crate) url: String,
    pub(crate) connect: Connect,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) stage: watch::Receiver<Stage>,
    /// Told the bot's own user id when READY names it.
    pub(crate) on_ready: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Gateway {
    /// Runs until the bot is closed, or until nothing will help.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        loop {
            let Some(end) = self.connection().await else {
                return Ok(());
            };
            self.shard.disconnected();
            if self
                .ready_since
                .take()
                .is_some_and(|since| since.elapsed() >= LASTS)
            {
                self.session.lasted();
            }
            let wait = self.session.ended(end, fastrand::f64())?;
            self.log_end(end, wait);
            if timeout(wait, self.stopped()).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// One connection from its start to its end; `None` when the bot is closed.
    async fn connection(&mut self) -> Option<End> {
        let url = self.session.connect().unwrap_or(&self.url).to_owned();
        let opened = tokio::select! {
            biased;
            () = self.stopped() => return None,
            opened = self.connect.open(&url) => opened,
        };
        let mut socket = match opened {
            Ok(socket) => socket,
            Err((end, why)) => {
                let id = self.shard.id();
                tracing::warn!(target: "smalld", "shard {id}: no connection to the gateway: {why}");
                return Some(end);
            }
        };
        let interval = match self.greet(&mut socket).await {
            Ok(interval) => interval,
            Err(end) => {
                farewell(&mut socket, end).await;
                return end;
            }
        };
        let mut connection = Connection::new(socket, interval);
        let end = self.read(&mut connection).await;
        self.leave(connection, end).await;
        end
    }

    async fn stopped(&self) {
        self.reached(Stage::Draining).await;
    }

    async fn reached(&self, wanted: Stage) {
        // The sender lives as long as the bot, which holds us; without it all is over anyway.
        let _ = self.stage.clone().wait_for(|&stage| stage >= wanted).await;
    }

    /// Ends a connection: says so where that means something, and drops the socket.
    async fn leave(&self, mut connection: Connection, end: Option<End>) {
        if end.is_none() {
            // Heartbeats go on while handlers finish; that nobody reads their answers is no fault.
            connection.pulse.heartbeat().pause();
            self.reached(Stage::Closing).await;
        }
        let Some(code) = close_with(end) else { return };
        let closing = async {
            let _ = connection.orders.send(Order::Close(code)).await;
            let _ = (&mut connection.writer.0).await;
            while let Some(Ok(message)) = connection.stream.next().await {
                if message.is_close() {
                    return;
                }
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }

    fn log_end(&self, end: End, wait: Duration) {
        let how = if self.session.will_identify() {
            "identifies anew"
        } else {
            "resumes"
        };
        let id = self.shard.id();
        let wait = wait.as_secs_f64();
        tracing::info!(target: "smalld", "shard {id}: connection ended ({end}); {how} in {wait:.1} s");
    }
}

/// The code to close with, where there is still somebody to tell.
fn close_with(end: Option<End>) -> Option<u16> {
    match end {
        None => Some(1000),
        Some(End::Garbage | End::Reconnect | End::Invalid { .. } | End::Silent) => Some(RESUMABLE),
        Some(End::Closed(_) | End::Lost | End::Unreachable { .. }) => None,
    }
}

/// Ends a connection that has not got as far as a writer of its own.
async fn farewell(socket: &mut Socket, end: Option<End>) {
    if let Some(code) = close_with(end) {
        let _ = timeout(CLOSE_TIMEOUT, socket.close(Some(writer::close_frame(code)))).await;
    }
}

/// What is held while a connection lasts.
struct Connection {
    stream: SplitStream<Socket>,
    orders: mpsc::Sender<Order>,
    pulse: Arc<Pulse>,
    writer: AbortOnDrop,
}

impl Connection {
    /// The writing half becomes a task of its own, which heartbeats from now on.
    fn new(socket: Socket, interval: Duration) -> Self {
        let (sink, stream) = socket.split();
        let (orders, inbox) = mpsc::channel(ORDERS);
        let pulse = Arc::new(Pulse::default());
        pulse
            .heartbeat()
            .hello(interval, fastrand::f64(), Instant::now().into_std());
        let writer = tokio::spawn(writer::write(sink, interval, Arc::clone(&pulse), inbox));
        Self {
            stream,
            orders,
            pulse,
            writer: AbortOnDrop(writer),
        }
    }
}

/// Nothing may outlive its connection, also where the shard's own task is dropped.
struct AbortOnDrop(JoinHandle<Written>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
