//! Closing of a connection by the shard.

use crate::gateway::connection::Connection;
use crate::gateway::connection::writer::RESUMABLE_CLOSE;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::shard::ShardTask;
use crate::shutdown::ShutdownPhase;

/// Close code that ends the session: the bot goes offline at once.
const NORMAL_CLOSURE: u16 = 1000;

impl ShardTask {
    /// Closes a connection: sends a close frame if there is a reason to, and drops the socket.
    /// Without a disconnect the bot is stopping.
    pub(super) async fn leave(&self, connection: Connection, disconnect: Option<Disconnect>) {
        if disconnect.is_none() {
            // Heartbeats continue while handlers finish, but nothing reads their acknowledgements.
            connection.shared.heartbeat().pause();
            self.reached(ShutdownPhase::Closing).await;
        }
        if let Some(code) = self.close_code(disconnect) {
            connection.close(code).await;
        }
    }

    /// The code to close with, if the connection still works.
    pub(super) fn close_code(&self, disconnect: Option<Disconnect>) -> Option<u16> {
        match disconnect {
            // The next process resumes the session.
            None if self.context.saver.is_some() => Some(RESUMABLE_CLOSE),
            None => Some(NORMAL_CLOSURE),
            Some(
                Disconnect::Malformed
                | Disconnect::Reconnect
                | Disconnect::InvalidSession { .. }
                | Disconnect::NoHello
                | Disconnect::NoReady
                | Disconnect::NoResumed
                | Disconnect::NoHeartbeatAck,
            ) => Some(RESUMABLE_CLOSE),
            Some(Disconnect::Closed(_) | Disconnect::Lost | Disconnect::Unreachable { .. }) => None,
        }
    }
}
