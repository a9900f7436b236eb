//! Reading half of a connection: from payloads to the session's steps.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::error::duration::Readable;
use crate::event::envelope::Envelope;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::connection::writer::WriterExit;
use crate::gateway::connection::{CLOSE_TIMEOUT, Connection};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::ready::Ready;
use crate::gateway::protocol::reconnect::Handshake;
use crate::gateway::protocol::session::{Started, Step};
use crate::gateway::shard::ShardTask;
use crate::gateway::shard::frame::{Frame, HugeFrame};
use crate::gateway::shard::handshake::ANSWER_TIMEOUT;
use crate::shutdown::ShutdownPhase;

/// Memory that was not needed for this long is freed.
const QUIET_INTERVAL: Duration = Duration::from_millis(500);

impl ShardTask {
    /// Reads until the connection ends or must be closed. Returns `None` if the bot is closed.
    pub(super) async fn read(
        &mut self,
        connection: &mut Connection,
        inflater: &mut Inflater,
    ) -> Option<Disconnect> {
        let mut shutdown = self.context.shutdown.clone();
        let mut stopped = pin!(shutdown.wait_for(|&shutdown| shutdown > ShutdownPhase::Running));
        let mut huge_frame = HugeFrame::default();
        let mut quiet = pin!(sleep(QUIET_INTERVAL));
        loop {
            connection.shared.set_seq(self.session.seq());
            connection.shared.set_busy(false);
            let frame = tokio::select! {
                biased;
                _ = &mut stopped => return None,
                written = &mut connection.writer.0 => match written {
                    Ok(WriterExit::Zombie) => return Some(Disconnect::NoHeartbeatAck),
                    _ => break,
                },
                frame = connection.stream.next() => frame,
                () = passed(self.answer_deadline) => return Some(self.unanswered()),
                () = &mut quiet, if inflater.is_large() => {
                    inflater.shrink();
                    quiet.as_mut().reset(Instant::now() + QUIET_INTERVAL);
                    continue;
                }
            };
            connection.shared.set_busy(true);
            huge_frame.read(&frame);
            if let Err(disconnect) = self.take(connection, frame, inflater).await {
                return Some(disconnect);
            }
            inflater.release();
        }
        Some(remaining_close_frame(connection).await)
    }

    /// Discord has not answered IDENTIFY or RESUME in time, though the connection works.
    fn unanswered(&self) -> Disconnect {
        let (shard, time) = (self.shard.id(), Readable(ANSWER_TIMEOUT));
        let replayed = self.replayed;
        match self.next.handshake {
            Handshake::Identify => {
                tracing::warn!(target: "smalld", shard, "Discord has not answered IDENTIFY with READY for {time}");
                Disconnect::NoReady
            }
            Handshake::Resume => {
                tracing::warn!(target: "smalld", shard, replayed, "Discord has neither answered RESUME with RESUMED nor replayed an event for {time}");
                Disconnect::NoResumed
            }
        }
    }

    async fn take(
        &mut self,
        connection: &Connection,
        frame: Frame,
        inflater: &mut Inflater,
    ) -> Result<(), Disconnect> {
        let Some(text) = self.text(frame, inflater)? else {
            return Ok(());
        };
        let envelope = self.envelope(&text)?;
        let before = self.session.seq();
        let step = self.session.received(&envelope);
        connection.shared.set_seq(self.session.seq());
        self.log_gap(before);
        match &step {
            Step::Nothing | Step::Handshake { .. } | Step::Disconnect(_) | Step::Unusable(_) => {}
            Step::Heartbeat => {
                connection.shared.request_heartbeat();
                yield_now().await;
            }
            Step::HeartbeatAck => self.acknowledged(connection),
            Step::Dispatch { started, replay } => {
                self.replayed += u64::from(*replay);
                self.received(connection, &envelope, started.as_ref());
            }
        }
        let is_dispatch = matches!(step, Step::Dispatch { .. });
        let delivered = self.deliver_or_pause(connection, envelope, &step).await;
        let paused = delivered.map_err(|why| {
            self.session.withdraw(before);
            connection.shared.set_seq(before);
            self.malformed(&why)
        })?;
        if paused || is_dispatch {
            self.extend_answer_deadline();
        }
        match step {
            Step::Disconnect(disconnect) => Err(disconnect),
            Step::Unusable(reason) => Err(self.malformed(&reason)),
            _ => Ok(()),
        }
    }

    /// An event shows that Discord is working on the answer. While reading was paused, the answer could
    /// not be read.
    fn extend_answer_deadline(&mut self) {
        if let Some(deadline) = &mut self.answer_deadline {
            *deadline = Instant::now() + ANSWER_TIMEOUT;
        }
    }

    fn acknowledged(&mut self, connection: &Connection) {
        let now = Instant::now().into_std();
        let latency = connection.shared.heartbeat().acknowledge(now);
        if let Some(latency) = latency {
            self.shard.set_latency(latency);
        }
        self.progress.heard();
        self.note_if_session_lasted();
    }

    fn received(
        &mut self,
        connection: &Connection,
        envelope: &Envelope<'_>,
        started: Option<&Started>,
    ) {
        let (shard, event, seq) = (
            self.shard.id(),
            envelope.t().unwrap_or_default(),
            envelope.s,
        );
        tracing::debug!(target: "smalld", shard, event, seq, "received");
        if let Some(started) = started {
            let replayed = std::mem::take(&mut self.replayed);
            match started {
                Started::New(_) => {
                    tracing::info!(target: "smalld", shard, event, seq, "session started");
                }
                Started::Resumed => {
                    tracing::info!(target: "smalld", shard, event, seq, replayed, "session resumed");
                }
            }
            self.started(connection, envelope, started);
        }
        if event == "RATE_LIMITED" {
            tracing::warn!(target: "smalld", shard, seq, "Discord refused a payload: {}", envelope.d());
            connection.shared.add_refusal(envelope.d());
        }
    }

    /// Discord does not promise sequence numbers without gaps, so a gap is only logged.
    fn log_gap(&self, before: Option<u64>) {
        if let (Some(before), Some(now)) = (before, self.session.seq())
            && now > before.saturating_add(1)
        {
            let (shard, first, last) = (self.shard.id(), before + 1, now - 1);
            tracing::warn!(target: "smalld", shard, "events {first} to {last} are missing; continuing with {now}");
        }
    }

    /// The session is ready: a new one, or a resumed one.
    fn started(&mut self, connection: &Connection, envelope: &Envelope<'_>, started: &Started) {
        if let Started::New(ready) = started {
            self.session_began(envelope, ready);
        }
        if self.was_ready {
            self.shard.reconnected();
        }
        self.was_ready = true;
        self.ready_since = Some(Instant::now());
        self.answer_deadline = None;
        let commands = connection.commands.clone();
        let is_new = matches!(started, Started::New(_));
        self.shard.connected(commands, is_new);
    }

    fn session_began(&mut self, envelope: &Envelope<'_>, ready: &Ready) {
        if let Some(watermark) = &self.watermark {
            // READY answers a RESUME: this is another session.
            self.log_refused_resume(watermark);
        }
        if let Some(id) = &ready.user_id {
            (self.context.on_ready)(id);
        }
        let before = envelope.s.unwrap_or(0).saturating_sub(1);
        let (id, url) = (
            Arc::clone(&ready.session_id),
            ready.resume_gateway_url.clone(),
        );
        self.watermark = Some(self.progress.session_began(id, url, before));
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Writing failed. If that is because Discord closed the connection, its close frame is still
/// unread, and its code may say that connecting again is useless. Unread events are replayed later.
async fn remaining_close_frame(connection: &mut Connection) -> Disconnect {
    let reading = async {
        loop {
            match connection.stream.next().await {
                Some(Ok(Message::Close(frame))) => {
                    return Disconnect::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Disconnect::Lost,
            }
        }
    };
    timeout(CLOSE_TIMEOUT, reading)
        .await
        .unwrap_or(Disconnect::Lost)
}
