//! One shard of a sandbox: what a test can read about it, and its faults.

use std::fmt;

use serde_json::Value;

use crate::gateway::connections::Ending;
use crate::gateway::target::Target;
use crate::hub::Hub;

/// The connections and sessions of one shard; it comes from
/// [`Sandbox::shard`](crate::Sandbox::shard).
///
/// A connection belongs to a shard once a session begins or is resumed on it. A session without
/// `shard` in its IDENTIFY belongs to shard 0. Sessions with the same shard id count together, also
/// if their shard counts differ.
///
/// Each method does for one shard what its namesake on [`Sandbox`](crate::Sandbox) does for all.
#[derive(Clone, Copy)]
pub struct Shard<'s> {
    hub: &'s Hub,
    id: u64,
}

impl<'s> Shard<'s> {
    pub(crate) fn new(hub: &'s Hub, id: u64) -> Self {
        Self { hub, id }
    }

    /// The shard id: the first of the two numbers in IDENTIFY.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Drops its connections without a close frame. The sessions can be resumed.
    pub fn cut(&self) {
        self.hub.end_connections(self.target(), &Ending::Cut);
    }

    /// Closes its connections with this code, after everything that is queued. The sessions can be
    /// resumed, whatever the code.
    pub fn close(&self, code: u16) {
        let ending = Ending::Close(code, String::new());
        self.hub.end_connections(self.target(), &ending);
    }

    /// Makes its connections hang: open, but without a sign of life. The sessions can be resumed.
    pub fn hang(&self) {
        self.hub.end_connections(self.target(), &Ending::Hang);
    }

    /// Removes its sessions: RESUME is answered by opcode 9 with `d` false. Open connections stay open
    /// and are not told.
    pub fn invalidate(&self) {
        self.hub
            .act(|gateway| gateway.sessions.forget(self.target()));
    }

    /// Sends opcode 9 with this as `d`; sessions that cannot be resumed are removed.
    pub fn interrupt(&self, resumable: bool) {
        self.hub
            .act(|gateway| gateway.interrupt(self.target(), resumable));
    }

    /// Sends opcode 1: the shard must answer with a heartbeat at once.
    pub fn ask_heartbeat(&self) {
        self.hub.act(|gateway| gateway.ask(self.target(), 1));
    }

    /// Sends opcode 7: the shard must reconnect and resume.
    pub fn ask_reconnect(&self) {
        self.hub.act(|gateway| gateway.ask(self.target(), 7));
    }

    /// Sends any text message.
    pub fn send_raw(&self, text: impl AsRef<str>) {
        self.hub.send_raw(self.target(), text.as_ref());
    }

    /// Sends any event with any `d` to its sessions, whatever their intents.
    pub fn dispatch(&self, event: impl AsRef<str>, d: impl Into<Value>) {
        let d = d.into();
        self.hub
            .act(|gateway| gateway.publish_to(self.target(), event.as_ref(), &d));
    }

    /// The number of its open connections.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.hub
            .look(|state| state.gateway.connections.count(self.target()))
    }

    /// The number of its sessions that were begun so far.
    #[must_use]
    pub fn identifies(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(self.target()).identifies)
    }

    /// The number of its successful resumes so far.
    #[must_use]
    pub fn resumes(&self) -> usize {
        self.hub
            .look(|state| state.gateway.tally(self.target()).resumes)
    }

    /// The sequence number of the newest dispatch to its newest session, which is the highest that a
    /// RESUME may have. None if it has no session.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.hub
            .look(|state| state.gateway.sessions.last_seq(self.id))
    }

    fn target(&self) -> Target {
        Target::Shard(self.id)
    }
}

impl fmt::Debug for Shard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard")
            .field("id", &self.id)
            .field("connected", &self.connected())
            .finish_non_exhaustive()
    }
}
