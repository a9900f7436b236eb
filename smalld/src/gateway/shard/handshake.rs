//! Handshake of a connection: HELLO from Discord, then IDENTIFY or RESUME from the shard.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::gateway::connection::connect::Socket;
use crate::gateway::connection::handshake;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::handle::ShardState;
use crate::gateway::identify_queue::IdentifyPermit;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::reconnect::Handshake;
use crate::gateway::protocol::session::Step;
use crate::gateway::shard::ShardTask;

const HELLO_TIMEOUT: Duration = Duration::from_secs(20);
/// Timeout for saving that a session starts, and for writing IDENTIFY or RESUME.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Discord has to answer IDENTIFY or RESUME within this time. After RESUME each replayed event
/// extends it.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

impl ShardTask {
    /// Waits for HELLO and answers it. Returns the interval of heartbeats, or how the connection
    /// ended (`None` if the bot is closed).
    ///
    /// The permit is held until IDENTIFY is sent, so no other shard identifies before.
    pub(super) async fn handshake(
        &mut self,
        socket: &mut Socket,
        inflater: &mut Inflater,
        permit: Option<IdentifyPermit>,
    ) -> Result<Duration, Option<Disconnect>> {
        let deadline = Instant::now() + HELLO_TIMEOUT;
        loop {
            let frame = tokio::select! {
                biased;
                () = self.stopped() => return Err(None),
                frame = timeout_at(deadline, socket.next()) => frame,
            };
            let frame = frame.map_err(|_| Disconnect::NoHello)?;
            let Some(text) = self.text(frame, inflater)? else {
                continue;
            };
            let envelope = self.envelope(&text)?;
            let before = self.session.seq();
            let step = self.session.received(&envelope);
            let delivered = tokio::select! {
                biased;
                delivered = self.deliver(envelope, &step) => delivered,
                () = self.stopped() => return Err(None),
            };
            if let Err(why) = delivered {
                self.session.withdraw(before);
                return Err(Some(self.malformed(&why)));
            }
            match step {
                Step::Disconnect(disconnect) => return Err(Some(disconnect)),
                Step::Unusable(reason) => return Err(Some(self.malformed(&reason))),
                Step::Handshake {
                    interval,
                    handshake,
                    payload,
                } => {
                    self.answer(socket, handshake, payload.text(), permit)
                        .await?;
                    return Ok(interval);
                }
                Step::Nothing | Step::Heartbeat | Step::HeartbeatAck | Step::Dispatch { .. } => {}
            }
        }
    }

    /// Sends IDENTIFY or RESUME.
    async fn answer(
        &mut self,
        socket: &mut Socket,
        handshake: Handshake,
        text: String,
        permit: Option<IdentifyPermit>,
    ) -> Result<(), Option<Disconnect>> {
        match handshake {
            Handshake::Identify => {
                self.shard.set_state(ShardState::Identifying);
                self.policy.session_starting();
                self.progress.session_starting();
            }
            Handshake::Resume => self.shard.set_state(ShardState::Resuming),
        }
        let sending = async {
            // Saved before, so that it counts even if the process ends here.
            if let (Some(_), Some(saver)) = (&permit, &self.context.saver) {
                saver.save_now().await;
            }
            handshake::send(socket, text).await
        };
        let sent = tokio::select! {
            biased;
            () = self.stopped() => None,
            sent = timeout(SEND_TIMEOUT, sending) => Some(sent),
        };
        if let Some(permit) = permit {
            // The interval counts from here, however long the write took.
            permit.spend();
        }
        let Some(sent) = sent else {
            return Err(None);
        };
        if !matches!(sent, Ok(Ok(()))) {
            return Err(Some(Disconnect::Lost));
        }
        self.answer_deadline = Some(Instant::now() + ANSWER_TIMEOUT);
        Ok(())
    }
}
