//! The faults that a test can cause: of connections, sessions, heartbeats and frames.

use std::time::Duration;

use crate::gateway::connections::Ending;
use crate::gateway::refusal::Refusal;
use crate::gateway::target::Target;
use crate::library::sandbox::Sandbox;

/// Faults, for all bots and shards; [`shard`](Self::shard) has faults for one shard.
impl Sandbox {
    /// Drops every gateway connection without a close frame, including those that hang. The sessions
    /// can be resumed.
    pub fn cut(&self) {
        self.hub.end_connections(Target::All, &Ending::Cut);
    }

    /// Closes every gateway connection with this code, after everything that is queued. The sessions
    /// can be resumed, whatever the code.
    pub fn close(&self, code: u16) {
        let ending = Ending::Close(code, String::new());
        self.hub.end_connections(Target::All, &ending);
    }

    /// Makes every gateway connection hang: it stays open, but nothing is read, sent or answered on it
    /// any more, not even a close frame, as if a cable were pulled. A bot notices it only because its
    /// heartbeats are not acknowledged, so set a short
    /// [`heartbeat_interval`](crate::Builder::heartbeat_interval). The sessions can be resumed at once
    /// over other connections, and [`connected`](Self::connected) does not count what hangs.
    pub fn hang(&self) {
        self.hub.end_connections(Target::All, &Ending::Hang);
    }

    /// Removes all sessions: nothing more is dispatched to them, and RESUME is answered by opcode 9
    /// with `d` false. Open connections stay open and are not told.
    pub fn invalidate_sessions(&self) {
        self.hub.act(|gateway| gateway.sessions.forget(Target::All));
    }

    /// Sends opcode 9 to every gateway connection. `resumable` is its `d`: if false, the session is
    /// removed, and the same connection may send IDENTIFY again. Nothing is closed; the bot must do
    /// that.
    pub fn interrupt_sessions(&self, resumable: bool) {
        self.hub
            .act(|gateway| gateway.interrupt(Target::All, resumable));
    }

    /// Sends opcode 1 to every gateway connection: a bot must answer with a heartbeat at once.
    pub fn ask_heartbeat(&self) {
        self.hub.act(|gateway| gateway.ask(Target::All, 1));
    }

    /// Sends opcode 7 to every gateway connection: a bot must reconnect and resume. Nothing is closed
    /// if it does not.
    pub fn ask_reconnect(&self) {
        self.hub.act(|gateway| gateway.ask(Target::All, 7));
    }

    /// Sends any text message to every gateway connection: other opcodes, such as
    /// `{"op":99,"d":null}`, or garbage.
    pub fn send_raw(&self, text: impl AsRef<str>) {
        self.hub.send_raw(Target::All, text.as_ref());
    }

    /// Damages the next message to every open gateway connection: it is not JSON or, if the connection
    /// is compressed, does not inflate. A dispatch is remembered undamaged, and a resume replays it.
    pub fn corrupt_next(&self) {
        self.hub.act(|gateway| gateway.connections.damage_next());
    }

    /// Sends every message from now on in this many WebSocket frames, or in as many as it has bytes.
    /// By default 1.
    pub fn split_frames(&self, pieces: usize) {
        self.hub.act(|gateway| gateway.connections.pieces = pieces);
    }

    /// Limits the bytes per second to each gateway connection from now on, including open ones, in
    /// chunks of about 10 ms; 0 counts as 1. By default (none) there is no limit.
    pub fn throttle(&self, bytes_per_second: Option<u32>) {
        self.hub.pace.set(bytes_per_second);
    }

    /// Delays the acknowledgement of heartbeats from now on. By default they are acknowledged at once.
    pub fn delay_acks(&self, delay: Duration) {
        self.hub.act(|gateway| gateway.faults.ack_delay = delay);
    }

    /// Whether heartbeats are not acknowledged from now on. They still count as signs of life: the bot
    /// is not closed with 4009. By default they are acknowledged.
    pub fn ignore_heartbeats(&self, ignore: bool) {
        self.hub
            .act(|gateway| gateway.faults.ignores_heartbeats = ignore);
    }

    /// Answers the next `times` IDENTIFYs by opcode 9 with `d` false. The connection stays open. They
    /// count against the limits of IDENTIFY like any other.
    pub fn refuse_identifies(&self, times: usize) {
        self.hub
            .act(|gateway| gateway.faults.refused_identifies += times);
    }

    /// Refuses the next `times` connections before they are upgraded: the bot gets an HTTP status, or
    /// the end of the connection. Several refusals apply one after the other.
    pub fn refuse_connections(&self, refusal: Refusal, times: usize) {
        self.hub.refuse_connections(refusal, times);
    }
}
