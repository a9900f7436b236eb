//! Scripts: gateway connections that the test serves itself, frame by frame.

mod connection;
mod received;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

pub use connection::Connection;
pub use received::Received;

use crate::gateway::refusal::Refusal;
use crate::hub::Hub;
use crate::hub::stage::{Guest, Stage};

/// The gateway, served by a test; see [`Sandbox::script`](crate::Sandbox::script).
///
/// While it exists, every new gateway connection, to the general URL and to the resume URL, waits
/// until [`connection`](Self::connection) takes it, whatever version, encoding and compression it asks
/// for. When the script is dropped, connections that nobody took are cut, and the sandbox serves new
/// ones again; connections that were taken stay open.
pub struct Script {
    guests: mpsc::Receiver<Guest>,
    hub: Weak<Hub>,
}

impl Script {
    pub(crate) fn begin(hub: &Arc<Hub>) -> Self {
        let (stage, guests) = Stage::new();
        hub.set_stage(stage);
        Self {
            guests,
            hub: Arc::downgrade(hub),
        }
    }

    /// The next connection, upgraded, but without HELLO, which the test must send. None if the time is
    /// over.
    pub async fn connection(&mut self, at_most: Duration) -> Option<Connection> {
        let guest = timeout(at_most, self.guests.recv()).await.ok().flatten()?;
        Some(Connection::new(guest))
    }

    /// Refuses the next connections before they reach the script, as
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
