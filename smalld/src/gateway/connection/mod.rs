//! An open gateway connection: the half that the shard reads, and the writer task.

pub(crate) mod connect;
pub(in crate::gateway) mod handshake;
pub(crate) mod inflate;
mod read_ahead;
mod tcp;
pub(crate) mod writer;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::gateway::connection::connect::{Opened, Socket};
use crate::gateway::connection::writer::{SharedState, WriterExit};
use crate::gateway::handle::WriterCommand;

/// How long Discord may take to answer a close frame.
pub(in crate::gateway) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How many payloads of the user wait for the writer; further senders wait.
const COMMAND_CAPACITY: usize = 32;

pub(in crate::gateway) struct Connection {
    pub(in crate::gateway) stream: SplitStream<Socket>,
    pub(in crate::gateway) commands: mpsc::Sender<WriterCommand>,
    pub(in crate::gateway) shared: Arc<SharedState>,
    pub(in crate::gateway) writer: AbortOnDrop,
}

impl Connection {
    /// Spawns the writer, which sends heartbeats from now on: on `control` if there is one, so that
    /// no handler can block it.
    pub(in crate::gateway) fn new(
        opened: Opened,
        interval: Duration,
        control: Option<&Handle>,
    ) -> Self {
        let Opened { socket, unread } = opened;
        let (sink, stream) = socket.split();
        let (commands, inbox) = mpsc::channel(COMMAND_CAPACITY);
        let shared = Arc::new(SharedState::default());
        shared
            .heartbeat()
            .hello(interval, fastrand::f64(), Instant::now().into_std());
        let writing = writer::write(sink, interval, Arc::clone(&shared), unread, inbox);
        let writer = match control {
            Some(control) => control.spawn(writing),
            None => tokio::spawn(writing),
        };
        Self {
            stream,
            commands,
            shared,
            writer: AbortOnDrop(writer),
        }
    }

    /// Closes the connection with this code, and waits for Discord's answer for a bounded time.
    pub(in crate::gateway) async fn close(mut self, code: u16) {
        let closing = async {
            let _ = self.commands.send(WriterCommand::Close(code)).await;
            // A writer that found a zombie has sent its close frame and ended.
            if !self.writer.0.is_finished() {
                let _ = (&mut self.writer.0).await;
            }
            while let Some(Ok(message)) = self.stream.next().await {
                if message.is_close() {
                    return;
                }
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// Closes a connection that has no writer yet.
pub(in crate::gateway) async fn close_socket(socket: &mut Socket, code: Option<u16>) {
    if let Some(code) = code {
        let _ = timeout(CLOSE_TIMEOUT, socket.close(Some(writer::close_frame(code)))).await;
    }
}

/// Aborts the writer when its connection is dropped, for example with the shard's task.
pub(in crate::gateway) struct AbortOnDrop(pub(in crate::gateway) JoinHandle<WriterExit>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
