//! What a test lets go wrong in a sandbox: connections, sessions, heartbeats and frames.

use std::time::Duration;

use crate::gateway::connections::Ending;
use crate::gateway::refusal::Refusal;
use crate::gateway::target::Target;
use crate::library::sandbox::Sandbox;

/// Faults. Where nothing else is said, they concern all bots and shards; those of
/// [`shard`](Self::shard) concern one.
impl Sandbox {
    /// Drops every gateway connection without a close frame, those that hang included. The
    /// sessions can be resumed.
    pub fn cut(&self) {
        self.hub.end_connections(Target::All, &Ending::Cut);
    }

    /// Closes every gateway connection with this code, after what is on its way to it. The
    /// sessions can be resumed, whatever the code says.
    pub fn close(&self, code: u16) {
        let ending = Ending::Close(code, String::new());
        self.hub.end_connections(Target::All, &ending);
    }

    /// Lets every gateway connection hang: it stays open, but nothing is read, sent or answered on
    /// it any more, close frames included, as when a cable is pulled. A bot learns of it only by
    /// heartbeats that are not acknowledged: a test gives the sandbox a short
    /// [`heartbeat_interval`](crate::Builder::heartbeat_interval). The sessions can be resumed at
    /// once, over other connections, and [`connected`](Self::connected) counts what hangs no longer.
    pub fn hang(&self) {
        self.hub.end_connections(Target::All, &Ending::Hang);
    }

    /// Forgets all sessions: nothing more is dispatched to them, and RESUME is answered by
    /// opcode 9 with `d` false. Open connections stay open and get no word of it.
    pub fn invalidate_sessions(&self) {
        self.hub.act(|gateway| gateway.sessions.forget(Target::All));
    }

    /// Sends opcode 9 to every gateway connection, with this as `d`: whether the session can still
    /// be resumed. If not, it is forgotten, and IDENTIFY is accepted again on the same connection,
    /// too. Nothing is closed; that is the bot's to do.
    pub fn interrupt_sessions(&self, resumable: bool) {
        self.hub
            .act(|gateway| gateway.interrupt(Target::All, resumable));
    }

    /// Sends opcode 1 to every gateway connection: a bot answers with a heartbeat at once.
    pub fn ask_heartbeat(&self) {
        self.hub.act(|gateway| gateway.ask(Target::All, 1));
    }

    /// Sends opcode 7 to every gateway connection: a bot reconnects and resumes. Nothing is closed
    /// if it does not.
    pub fn ask_reconnect(&self) {
        self.hub.act(|gateway| gateway.ask(Target::All, 7));
    }

    /// Sends a text message to every gateway connection, whatever is in it: other opcodes, such as
    /// `{"op":99,"d":null}`, or garbage.
    pub fn send_raw(&self, text: impl AsRef<str>) {
        self.hub.send_raw(Target::All, text.as_ref());
    }

    /// Damages the next message to every open gateway connection, so that it is no JSON or, where
    /// the connection is compressed, does not inflate. If it was a dispatch, it is remembered like
    /// any other, and a resume replays it undamaged.
    pub fn corrupt_next(&self) {
        self.hub.act(|gateway| gateway.connections.damage_next());
    }

    /// Sends every message from now on in so many WebSocket frames, or in as many as it has bytes,
    /// to whatever connection. By default 1.
    pub fn split_frames(&self, pieces: usize) {
        self.hub.act(|gateway| gateway.connections.pieces = pieces);
    }

    /// Sends at most so many bytes a second from now on to each gateway connection, the open ones
    /// included, in portions of some 10 ms; 0 counts as 1. By default (none) as many as there are.
    pub fn throttle(&self, bytes_per_second: Option<u32>) {
        self.hub.pace.set(bytes_per_second);
    }

    /// Acknowledges heartbeats that come from now on only after this time. By default at once.
    pub fn delay_acks(&self, delay: Duration) {
        self.hub.act(|gateway| gateway.faults.ack_delay = delay);
    }

    /// Whether heartbeats that come from now on are left without an acknowledgement. They still
    /// count as signs of life: the bot is not closed with 4009. By default they are answered.
    pub fn ignore_heartbeats(&self, ignore: bool) {
        self.hub
            .act(|gateway| gateway.faults.ignores_heartbeats = ignore);
    }

    /// Answers the next IDENTIFYs, so many, by opcode 9 with `d` false. The connection stays open.
    /// They count against the limits of IDENTIFY like any other.
    pub fn refuse_identifies(&self, times: usize) {
        self.hub
            .act(|gateway| gateway.faults.refused_identifies += times);
    }

    /// Refuses the next connections, so many, before they are upgraded: the bot gets an HTTP
    /// status, or the end of the connection. Several refusals come one after the other.
    pub fn refuse_connections(&self, refusal: Refusal, times: usize) {
        self.hub.refuse_connections(refusal, times);
    }
}
