//! One connection, while it lasts: a half that is read, and a task that writes.

pub(crate) mod connect;
pub(in crate::gateway) mod handshake;
pub(crate) mod inflate;
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
/// Payloads of users that may wait for the writer; beyond it their futures wait.
const COMMAND_CAPACITY: usize = 32;

pub(in crate::gateway) struct Connection {
    pub(in crate::gateway) stream: SplitStream<Socket>,
    pub(in crate::gateway) commands: mpsc::Sender<WriterCommand>,
    pub(in crate::gateway) shared: Arc<SharedState>,
    pub(in crate::gateway) writer: AbortOnDrop,
}

impl Connection {
    /// The writing half becomes a task of its own, which heartbeats from now on.
    ///
    /// With `control` that task runs there, so that no handler can stop it.
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

    /// Closes it with this code, and drops it when Discord has answered or takes too long.
    pub(in crate::gateway) async fn close(mut self, code: u16) {
        let closing = async {
            let _ = self.commands.send(WriterCommand::Close(code)).await;
            // The writer that found the connection silent has said so itself, and has ended.
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

/// Ends a connection that has not got as far as a writer of its own.
pub(in crate::gateway) async fn close_socket(socket: &mut Socket, code: Option<u16>) {
    if let Some(code) = code {
        let _ = timeout(CLOSE_TIMEOUT, socket.close(Some(writer::close_frame(code)))).await;
    }
}

/// Nothing may outlive its connection, also where the shard's own task is dropped.
pub(in crate::gateway) struct AbortOnDrop(pub(in crate::gateway) JoinHandle<WriterExit>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
