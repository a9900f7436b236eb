//! Queue of connections that a script serves instead of the sandbox's own gateway.

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::gateway::entrance::Entrance;
use crate::gateway::socket::Socket;

/// How many connections may wait for the script to take them; more wait before this queue.
const QUEUE_CAPACITY: usize = 64;

/// The request with which a bot opened a connection.
pub(crate) struct Opening {
    pub(crate) entrance: Entrance,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

/// A connection on its way to a script.
pub(crate) struct Guest {
    pub(crate) socket: Socket,
    pub(crate) opening: Opening,
    /// The `d` of a READY that lacks only its session id.
    pub(crate) ready: Value,
    /// Takes the socket back if the script only wants it to stay open.
    pub(crate) silence: oneshot::Sender<Socket>,
}

/// The server's end of the queue.
#[derive(Clone)]
pub(crate) struct Stage {
    guests: mpsc::Sender<Guest>,
}

impl Stage {
    /// A queue, and the script's end of it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Guest>) {
        let (guests, script) = mpsc::channel(QUEUE_CAPACITY);
        (Self { guests }, script)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.guests.is_closed()
    }

    /// Passes a connection to the script. One that the script keeps silent stays open until the
    /// script ends.
    pub(crate) async fn receive(self, socket: Socket, opening: Opening, ready: Value) {
        let (silence, silent) = oneshot::channel();
        let guest = Guest {
            socket,
            opening,
            ready,
            silence,
        };
        if self.guests.send(guest).await.is_err() {
            return;
        }
        if let Ok(_socket) = silent.await {
            self.guests.closed().await;
        }
    }
}
