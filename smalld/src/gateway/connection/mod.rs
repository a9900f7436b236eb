//! An open gateway connection: the half that the shard reads, and the writer task.

pub(crate) mod connect;
pub(crate) mod inflate;
mod tcp;
pub(in crate::gateway) mod websocket;
pub(crate) mod writer;

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::gateway::connection::connect::{SocketReader, SocketWriter};
use crate::gateway::connection::tcp::Unread;
use crate::gateway::connection::websocket::reader::Message;
use crate::gateway::connection::writer::{SharedState, WriterExit};
use crate::gateway::handle::WriterCommand;

/// How long Discord may take to answer a close frame.
pub(in crate::gateway) const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How many payloads of the user wait for the writer; further senders wait.
const COMMAND_CAPACITY: usize = 32;

pub(in crate::gateway) struct Connection {
    pub(in crate::gateway) commands: mpsc::Sender<WriterCommand>,
    pub(in crate::gateway) shared: Arc<SharedState>,
    pub(in crate::gateway) writer: AbortOnDrop,
}

impl Connection {
    /// Spawns the writer, which sends heartbeats from now on: on `control` if there is one, so that
    /// no handler can block it.
    pub(in crate::gateway) fn new(
        socket: SocketWriter,
        unread: Unread,
        interval: Duration,
        control: Option<&Handle>,
    ) -> Self {
        let (commands, inbox) = mpsc::channel(COMMAND_CAPACITY);
        let shared = Arc::new(SharedState::default());
        shared
            .heartbeat()
            .hello(interval, fastrand::f64(), Instant::now().into_std());
        let writing = writer::write(socket, interval, Arc::clone(&shared), unread, inbox);
        let writer = match control {
            Some(control) => control.spawn(writing),
            None => tokio::spawn(writing),
        };
        Self {
            commands,
            shared,
            writer: AbortOnDrop(writer),
        }
    }

    /// Closes the connection with this code, and waits for Discord's answer for a bounded time.
    pub(in crate::gateway) async fn close(mut self, mut reader: SocketReader, code: u16) {
        let closing = async {
            let _ = self.commands.send(WriterCommand::Close(code)).await;
            // A writer that found a zombie has sent its close frame and ended.
            if !self.writer.0.is_finished() {
                let _ = (&mut self.writer.0).await;
            }
            until_close_frame(&mut reader).await;
        };
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// Closes a connection that has no writer task yet.
pub(in crate::gateway) async fn close_socket(socket: &mut SocketWriter, code: Option<u16>) {
    if let Some(code) = code {
        let _ = timeout(CLOSE_TIMEOUT, socket.close(code)).await;
    }
}

/// Reads until Discord's close frame, and returns its code. Messages before it are dropped. Returns
/// `None` if the connection ends without one.
pub(in crate::gateway) async fn until_close_frame(
    reader: &mut SocketReader,
) -> Option<Option<u16>> {
    loop {
        match reader.next().await {
            Ok(Message::Close(code)) => return Some(code),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// Aborts the writer when its connection is dropped, for example with the shard's task.
pub(in crate::gateway) struct AbortOnDrop(pub(in crate::gateway) JoinHandle<WriterExit>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
