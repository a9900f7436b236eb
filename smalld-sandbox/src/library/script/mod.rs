//! The gateway played frame by frame: connections go to the test instead of the sandbox's own
//! server, and the test says what happens.

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
        let (stage, guests) = Stage::new();
        hub.set_stage(stage);
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
