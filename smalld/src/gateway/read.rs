//! The reading half of a connection: from frames to the session, and on to the handlers.

use std::pin::pin;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::event::Origin;
use crate::gateway::connect::Socket;
use crate::gateway::end::End;
use crate::gateway::session::Step;
use crate::gateway::writer::Written;
use crate::gateway::{CLOSE_TIMEOUT, Connection, Gateway, Stage, opening};
use crate::header::Header;

const HELLO_TIMEOUT: Duration = Duration::from_secs(20);

type Frame = Option<Result<Message, tungstenite::Error>>;

impl Gateway {
    /// Waits for HELLO and answers it with IDENTIFY or RESUME. Gives the interval of the
    /// heartbeats, or how the connection ended (`None` when the bot is closed).
    pub(super) async fn greet(&mut self, socket: &mut Socket) -> Result<Duration, Option<End>> {
        let deadline = Instant::now() + HELLO_TIMEOUT;
        loop {
            let frame = tokio::select! {
                biased;
                () = self.stopped() => return Err(None),
                frame = tokio::time::timeout_at(deadline, socket.next()) => frame,
            };
            let Some(text) = self.text(frame.map_err(|_| End::Silent)?)? else {
                continue;
            };
            let header = self.header(&text)?;
            let step = self.session.received(&header);
            self.dispatcher
                .dispatch(&header, &text, &self.origin(&step))
                .await;
            match step {
                Step::Leave(end) => return Err(Some(end)),
                Step::Open { interval, opening } => {
                    let sent = timeout(HELLO_TIMEOUT, opening::send(socket, opening.to_string()));
                    return match sent.await {
                        Ok(Ok(())) => Ok(interval),
                        _ => Err(Some(End::Lost)),
                    };
                }
                Step::Nothing | Step::Heartbeat | Step::Acknowledged | Step::Dispatch { .. } => {}
            }
        }
    }

    /// Reads until the connection ends or is to be left; `None` when the bot is closed.
    pub(super) async fn read(&mut self, connection: &mut Connection) -> Option<End> {
        let mut stage = self.stage.clone();
        let mut stopped = pin!(stage.wait_for(|&stage| stage > Stage::Running));
        loop {
            connection.pulse.set_seq(self.session.seq());
            let frame = tokio::select! {
                biased;
                _ = &mut stopped => return None,
                written = &mut connection.writer.0 => match written {
                    Ok(Written::Zombie) => return Some(End::Silent),
                    _ => break,
                },
                frame = connection.stream.next() => frame,
            };
            if let Err(end) = self.take(connection, frame).await {
                return Some(end);
            }
        }
        Some(last_words(connection).await)
    }

    async fn take(&mut self, connection: &Connection, frame: Frame) -> Result<(), End> {
        let Some(text) = self.text(frame)? else {
            return Ok(());
        };
        let header = self.header(&text)?;
        let step = self.session.received(&header);
        connection.pulse.set_seq(self.session.seq());
        match &step {
            Step::Nothing
            | Step::Open { .. }
            | Step::Leave(_)
            | Step::Dispatch { started: false, .. } => {}
            Step::Heartbeat => connection.pulse.ask(),
            Step::Acknowledged => {
                let latency = connection
                    .pulse
                    .heartbeat()
                    .acknowledge(Instant::now().into_std());
                if let Some(latency) = latency {
                    self.shard.set_latency(latency);
                }
            }
            Step::Dispatch { started: true, .. } => self.started(connection, &header),
        }
        self.dispatch(connection, &header, &text, &step).await;
        match step {
            Step::Leave(end) => Err(end),
            _ => Ok(()),
        }
    }

    /// The text of a frame; `None` where it is the WebSocket's own business.
    fn text(&self, frame: Frame) -> Result<Option<Utf8Bytes>, End> {
        match frame {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Close(frame))) => {
                Err(End::Closed(frame.map(|frame| frame.code.into())))
            }
            // Nothing was asked to come compressed, so binary frames are off-protocol.
            Some(Ok(Message::Binary(_))) => Err(End::Garbage),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
            Some(Err(error)) => {
                tracing::debug!(target: "smalld", "shard {}: {error}", self.shard.id());
                Err(End::Lost)
            }
            None => Err(End::Lost),
        }
    }

    fn header<'t>(&self, text: &'t str) -> Result<Header<'t>, End> {
        Header::parse(text).map_err(|error| {
            let id = self.shard.id();
            tracing::warn!(target: "smalld", "shard {id}: a frame that is no payload: {error}");
            End::Garbage
        })
    }

    /// The session is ready, anew or again.
    fn started(&mut self, connection: &Connection, header: &Header<'_>) {
        #[derive(serde::Deserialize)]
        struct Ready {
            user: User,
        }
        #[derive(serde::Deserialize)]
        struct User {
            id: String,
        }
        let (id, t) = (self.shard.id(), header.t().unwrap_or_default());
        tracing::info!(target: "smalld", "shard {id}: {t}");
        if let Ok(ready) = serde_json::from_str::<Ready>(header.d()) {
            (self.on_ready)(&ready.user.id);
        }
        self.ready_since = Some(Instant::now());
        self.shard.connected(connection.orders.clone());
    }

    fn origin(&self, step: &Step) -> Origin {
        let replay = matches!(step, Step::Dispatch { replay: true, .. });
        Origin {
            shard: self.shard.clone(),
            session: self.session.id(),
            replay,
        }
    }

    /// Hands an event on. Where that has to wait for room, reading pauses, and with it the
    /// deadline of the acknowledgement.
    async fn dispatch(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        text: &str,
        step: &Step,
    ) {
        let origin = self.origin(step);
        let mut dispatching = pin!(self.dispatcher.dispatch(header, text, &origin));
        if dispatching.as_mut().now_or_never().is_some() {
            return;
        }
        connection.pulse.heartbeat().pause();
        tokio::select! {
            () = dispatching => {}
            () = self.reached(Stage::Closing) => {}
        }
        connection
            .pulse
            .heartbeat()
            .unpause(Instant::now().into_std());
    }
}

/// What Discord closed with, where writing failed because it had: its close frame may still lie
/// unread, and some codes mean that coming back is useless. Events that lie before it are replayed.
async fn last_words(connection: &mut Connection) -> End {
    let reading = async {
        loop {
            match connection.stream.next().await {
                Some(Ok(Message::Close(frame))) => {
                    return End::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return End::Lost,
            }
        }
    };
    timeout(CLOSE_TIMEOUT, reading).await.unwrap_or(End::Lost)
}
