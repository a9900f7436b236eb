//! The reading half of a connection: from frames to the session, and on to the handlers.

use std::fmt::Display;
use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::event::envelope::Envelope;
use crate::gateway::connection::connect::Socket;
use crate::gateway::connection::handshake;
use crate::gateway::connection::inflate::Inflater;
use crate::gateway::connection::writer::Written;
use crate::gateway::connection::{CLOSE_TIMEOUT, Connection};
use crate::gateway::handle::ShardState;
use crate::gateway::identify_queue::IdentifyPermit;
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::session::{Started, Step};
use crate::gateway::shard::ShardTask;
use crate::shutdown::ShutdownPhase;

const HELLO_TIMEOUT: Duration = Duration::from_secs(20);

type Frame = Option<Result<Message, tungstenite::Error>>;

/// The text of a message: of a frame, or in the inflater's buffer until its next message.
enum Text<'i> {
    Plain(Utf8Bytes),
    Inflated(&'i str),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Inflated(text) => text,
        }
    }
}

impl ShardTask {
    /// Waits for HELLO and answers it with IDENTIFY or RESUME. Gives the interval of the
    /// heartbeats, or how the connection ended (`None` when the bot is closed).
    ///
    /// The permit is held until IDENTIFY goes out, so that nobody else does before.
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
                frame = tokio::time::timeout_at(deadline, socket.next()) => frame,
            };
            let Some(text) = self.text(frame.map_err(|_| Disconnect::Silent)?, inflater)? else {
                continue;
            };
            let envelope = self.envelope(&text)?;
            let step = self.session.received(&envelope);
            self.deliver(&envelope, &text, &step).await;
            match step {
                Step::Disconnect(end) => return Err(Some(end)),
                Step::Handshake { interval, payload } => {
                    let sending = async {
                        self.opens(permit).await;
                        handshake::send(socket, payload.text()).await
                    };
                    return tokio::select! {
                        biased;
                        () = self.stopped() => Err(None),
                        sent = timeout(HELLO_TIMEOUT, sending) => match sent {
                            Ok(Ok(())) => Ok(interval),
                            _ => Err(Some(Disconnect::Lost)),
                        },
                    };
                }
                Step::Nothing | Step::Heartbeat | Step::Acknowledged | Step::Dispatch { .. } => {}
            }
        }
    }

    /// IDENTIFY or RESUME is about to go out. An IDENTIFY counts from here on, and is known to have
    /// been sent even if the process ends with it.
    async fn opens(&self, permit: Option<IdentifyPermit>) {
        let Some(permit) = permit else {
            return self.shard.set_state(ShardState::Resuming);
        };
        self.shard.set_state(ShardState::Identifying);
        self.progress.session_starting();
        if let Some(saver) = &self.context.saver {
            saver.save_now().await;
        }
        permit.spend();
    }

    /// Reads until the connection ends or is to be left; `None` when the bot is closed.
    pub(super) async fn read(
        &mut self,
        connection: &mut Connection,
        inflater: &mut Inflater,
    ) -> Option<Disconnect> {
        let mut shutdown = self.context.shutdown.clone();
        let mut stopped = pin!(shutdown.wait_for(|&shutdown| shutdown > ShutdownPhase::Running));
        loop {
            connection.pulse.set_seq(self.session.seq());
            connection.pulse.set_busy(false);
            let frame = tokio::select! {
                biased;
                _ = &mut stopped => return None,
                written = &mut connection.writer.0 => match written {
                    Ok(Written::Zombie) => return Some(Disconnect::Silent),
                    _ => break,
                },
                frame = connection.stream.next() => frame,
            };
            connection.pulse.set_busy(true);
            if let Err(end) = self.take(connection, frame, inflater).await {
                return Some(end);
            }
        }
        Some(last_words(connection).await)
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
        connection.pulse.set_seq(self.session.seq());
        self.log_gap(before);
        match &step {
            Step::Nothing | Step::Handshake { .. } | Step::Disconnect(_) => {}
            Step::Heartbeat => {
                connection.pulse.ask();
                yield_now().await;
            }
            Step::Acknowledged => self.acknowledged(connection),
            Step::Dispatch { started, replay } => {
                self.replayed += u64::from(*replay);
                self.received(connection, &envelope, *started);
            }
        }
        self.deliver_or_pause(connection, &envelope, &text, &step)
            .await;
        match step {
            Step::Disconnect(end) => Err(end),
            _ => Ok(()),
        }
    }

    /// The text of a frame; `None` where it is the WebSocket's own business, or only a piece.
    fn text<'i>(
        &self,
        frame: Frame,
        inflater: &'i mut Inflater,
    ) -> Result<Option<Text<'i>>, Disconnect> {
        match frame {
            // Off-protocol where compression was asked for, but clear all the same.
            Some(Ok(Message::Text(text))) => Ok(Some(Text::Plain(text))),
            Some(Ok(Message::Close(frame))) => {
                Err(Disconnect::Closed(frame.map(|frame| frame.code.into())))
            }
            Some(Ok(Message::Binary(bytes))) => match inflater.push(&bytes) {
                Ok(text) => Ok(text.map(Text::Inflated)),
                Err(mistake) => Err(self.garbage(&mistake)),
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Err(error)) => {
                tracing::debug!(target: "smalld", shard = self.shard.id(), "{error}");
                Err(Disconnect::Lost)
            }
            None => Err(Disconnect::Lost),
        }
    }

    fn envelope<'t>(&self, text: &'t str) -> Result<Envelope<'t>, Disconnect> {
        Envelope::parse(text).map_err(|mistake| self.garbage(&mistake))
    }

    fn garbage(&self, mistake: &dyn Display) -> Disconnect {
        let shard = self.shard.id();
        tracing::warn!(target: "smalld", shard, "a frame that is no payload: {mistake}");
        Disconnect::Malformed
    }

    fn acknowledged(&mut self, connection: &Connection) {
        let now = Instant::now().into_std();
        let latency = connection.pulse.heartbeat().acknowledge(now);
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
        started: Option<Started>,
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
                Started::New => {
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
            connection.pulse.refused(envelope.d());
        }
    }

    /// Discord does not promise numbers without gaps, so a gap is logged and nothing more.
    fn log_gap(&self, before: Option<u64>) {
        if let (Some(before), Some(now)) = (before, self.session.seq())
            && now > before.saturating_add(1)
        {
            let (shard, first, last) = (self.shard.id(), before + 1, now - 1);
            tracing::warn!(target: "smalld", shard, "events {first} to {last} are missing: going on with {now}");
        }
    }

    /// The session is ready: a new one, or a resumed one.
    fn started(&mut self, connection: &Connection, envelope: &Envelope<'_>, started: Started) {
        if started == Started::New {
            self.session_began(envelope);
        }
        if self.was_ready {
            self.shard.reconnected();
        }
        self.was_ready = true;
        self.ready_since = Some(Instant::now());
        let commands = connection.commands.clone();
        self.shard.connected(commands, started == Started::New);
    }

    fn session_began(&mut self, envelope: &Envelope<'_>) {
        #[derive(serde::Deserialize)]
        struct Ready {
            user: User,
        }
        #[derive(serde::Deserialize)]
        struct User {
            id: String,
        }
        if let Some(watermark) = &self.watermark {
            // READY answers a RESUME: this is another session.
            self.log_refused_resume(watermark);
        }
        if let Ok(ready) = serde_json::from_str::<Ready>(envelope.d()) {
            (self.context.on_ready)(&ready.user.id);
        }
        let (id, url) = (self.session.id(), self.session.resume_url());
        if let (Some(id), Some(url)) = (id, url) {
            let before = envelope.s.unwrap_or(0).saturating_sub(1);
            self.watermark = Some(self.progress.session_began(id, url.to_owned(), before));
        }
    }
}

/// What Discord closed with, where writing failed because it had: its close frame may still lie
/// unread, and some codes mean that coming back is useless. Events that lie before it are replayed.
async fn last_words(connection: &mut Connection) -> Disconnect {
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
