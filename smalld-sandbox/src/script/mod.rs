//! The gateway played frame by frame: connections go to the test instead of the sandbox's own
//! server, and the test says what happens.

mod connection;
mod received;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub use connection::Connection;
pub use received::Received;

use crate::gateway::{self, Socket};
use crate::hub::{Entrance, Hub};
use crate::refusal::Refusal;

/// How many connections may wait for the script to take them; more wait before this queue.
const MOST_WAITING: usize = 64;

/// The gateway in the hands of a test; it comes from [`Sandbox::script`](crate::Sandbox::script).
///
/// As long as it lives, every new gateway connection, to the general URL and to the resume URL,
/// waits for [`connection`](Self::connection) to take it, with whatever version, encoding and
/// compression it asks for. When it is dropped, connections that nobody took are cut, and new ones
/// are the sandbox's again; connections that were taken live on.
pub struct Script {
    guests: mpsc::Receiver<Guest>,
    hub: Weak<Hub>,
}

impl Script {
    pub(crate) fn begin(hub: &Arc<Hub>) -> Self {
        let (stage, guests) = mpsc::channel(MOST_WAITING);
        hub.set_stage(Stage { guests: stage });
        Self {
            guests,
            hub: Arc::downgrade(hub),
        }
    }

    /// The next connection, upgraded but not greeted yet: HELLO is the test's to send. None if
    /// none comes within this time.
    pub async fn connection(&mut self, at_most: Duration) -> Option<Connection> {
        let guest = timeout(at_most, self.guests.recv()).await.ok().flatten()?;
        Some(Connection::new(guest))
    }

    /// Refuses the next connections before they get here, as
    /// [`Sandbox::refuse_connections`](crate::Sandbox::refuse_connections) does.
    pub fn refuse(&self, refusal: Refusal, times: usize) {
        if let Some(hub) = self.hub.upgrade() {
            hub.refuse_connections(refusal, times);
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("waiting", &self.guests.len())
            .finish_non_exhaustive()
    }
}

/// What a bot asked for when it opened a connection.
pub(crate) struct Opening {
    pub(crate) entrance: Entrance,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

/// A connection on its way to a script.
struct Guest {
    socket: Socket,
    opening: Opening,
    /// The `d` of a READY that lacks only its session.
    ready: Value,
    /// Takes the socket back when the script wants nothing more of it than to stay open.
    silence: oneshot::Sender<Socket>,
}

/// The server's side of a script: where connections go.
#[derive(Clone)]
pub(crate) struct Stage {
    guests: mpsc::Sender<Guest>,
}

impl Stage {
    pub(crate) fn has_ended(&self) -> bool {
        self.guests.is_closed()
    }

    /// Hands a connection over, and keeps what the script leaves silent until the script ends.
    pub(crate) async fn receive(self, hub: &Hub, socket: Socket, opening: Opening) {
        hub.connected_to_script(opening.entrance);
        let ready = hub.look(|state| gateway::ready(&state.world, &hub.settings, "", None));
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
