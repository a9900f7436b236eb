//! Writer of a connection: a task of its own, so that heartbeats do not depend on the reader or on
//! handlers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{Sink, SinkExt};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use crate::error::{Error, Result};
use crate::gateway::connection::tcp::Unread;
use crate::gateway::handle::WriterCommand;
use crate::gateway::protocol::heartbeat::{Heartbeat, HeartbeatAction};
use crate::gateway::protocol::outgoing_payload::OutgoingPayload;
use crate::gateway::protocol::send_limit::{Refusals, SendLimit};

/// Close code that keeps the session resumable; 1000 and 1001 would end it.
pub(crate) const RESUMABLE_CLOSE: u16 = 4900;
/// A write that takes longer is not expected to end: the connection is lost.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// State of a connection that its reader and its writer share.
#[derive(Default)]
pub(crate) struct SharedState {
    heartbeat: Mutex<Heartbeat>,
    /// The newest sequence number plus one, or 0 if there is none.
    seq: AtomicU64,
    requested: Notify,
    /// The reader is processing a frame. It may be blocked by a handler that blocks its thread.
    busy: AtomicBool,
    refusals: Mutex<Refusals>,
}

impl SharedState {
    /// Held for a few instructions only, never across an await.
    pub(crate) fn heartbeat(&self) -> MutexGuard<'_, Heartbeat> {
        self.heartbeat
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_seq(&self, seq: Option<u64>) {
        self.seq.store(
            seq.map_or(0, |seq| seq.saturating_add(1)),
            Ordering::Relaxed,
        );
    }

    /// Sets whether the reader is processing a frame, rather than waiting for the next.
    pub(crate) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    /// An acknowledgement may have arrived that the reader has not read yet, because handlers block its
    /// thread or all threads.
    fn reader_is_behind(&self, unread: &Unread) -> bool {
        self.busy.load(Ordering::Relaxed) || unread.any()
    }

    /// Discord requests a heartbeat, to be sent at once.
    pub(crate) fn request_heartbeat(&self) {
        self.requested.notify_one();
    }

    /// Adds the `d` of a `RATE_LIMITED`.
    pub(crate) fn add_refusal(&self, d: &str) {
        self.refusals().add(d, now());
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heartbeat_payload(&self) -> String {
        match self.seq.load(Ordering::Relaxed) {
            0 => r#"{"op":1,"d":null}"#.to_owned(),
            seq => format!(r#"{{"op":1,"d":{}}}"#, seq - 1),
        }
    }
}

/// Why the writer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriterExit {
    /// It sent a close frame on command.
    Closed,
    /// A heartbeat was not acknowledged, so it sent a close frame that keeps the session.
    Zombie,
    /// The connection broke.
    Broken,
}

/// Sends heartbeats when they are due and the commands it receives, until the connection ends.
pub(crate) async fn write<S>(
    mut socket: S,
    interval: Duration,
    shared: Arc<SharedState>,
    unread: Unread,
    mut commands: mpsc::Receiver<WriterCommand>,
) -> WriterExit
where
    S: Sink<Message> + Unpin,
{
    let mut limit = SendLimit::new(interval);
    loop {
        let due = shared.heartbeat().due();
        let next = tokio::select! {
            biased;
            () = until(due) => {
                if shared.reader_is_behind(&unread) {
                    shared.heartbeat().grant_interval(now());
                }
                match shared.heartbeat().tick(now()) {
                    HeartbeatAction::Nothing => continue,
                    HeartbeatAction::Send => WriterAction::Heartbeat,
                    HeartbeatAction::Zombie => WriterAction::Zombie,
                }
            }
            () = shared.requested.notified() => {
                shared.heartbeat().requested(now());
                WriterAction::Heartbeat
            }
            command = commands.recv() => match command {
                Some(command) => WriterAction::Command(command),
                None => return WriterExit::Broken,
            },
        };
        let sent = match next {
            WriterAction::Heartbeat => text(&mut socket, shared.heartbeat_payload()).await,
            WriterAction::Zombie => {
                close(&mut socket, RESUMABLE_CLOSE).await;
                return WriterExit::Zombie;
            }
            WriterAction::Command(WriterCommand::Close(code)) => {
                close(&mut socket, code).await;
                return WriterExit::Closed;
            }
            WriterAction::Command(WriterCommand::Send { payload, sent }) => {
                // The sender dropped its future, which withdraws the payload.
                if sent.is_closed() {
                    continue;
                }
                let result_sender = ResultSender(Some(sent));
                let result = match may_send(&payload, &mut limit, &shared) {
                    Ok(()) => send_payload(&mut socket, payload).await,
                    Err(error) => Err(error),
                };
                let broken = matches!(result, Err(Error::Gateway(_)));
                result_sender.send(result);
                if broken { Err(()) } else { Ok(()) }
            }
        };
        if sent.is_err() {
            return WriterExit::Broken;
        }
    }
}

enum WriterAction {
    Heartbeat,
    Zombie,
    Command(WriterCommand),
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

async fn until(due: Option<std::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(Instant::from_std(due)).await,
        None => std::future::pending().await,
    }
}

fn may_send(payload: &OutgoingPayload, limit: &mut SendLimit, shared: &SharedState) -> Result<()> {
    let refused = shared.refusals().wait(payload, now());
    match refused.map_or_else(|| limit.take(payload, now()), Err) {
        Ok(()) => Ok(()),
        Err(wait) if payload.is_presence() => Err(Error::rate_limit("presence", wait)),
        Err(wait) => Err(Error::rate_limit("gateway payload", wait)),
    }
}

/// Sends the result to the sender of a payload: an error if it is dropped while writing.
struct ResultSender(Option<oneshot::Sender<Result<()>>>);

impl ResultSender {
    fn send(mut self, result: Result<()>) {
        if let Some(sent) = self.0.take() {
            let _ = sent.send(result);
        }
    }
}

impl Drop for ResultSender {
    fn drop(&mut self) {
        if let Some(sent) = self.0.take() {
            let _ = sent.send(Err(broken()));
        }
    }
}

fn broken() -> Error {
    Error::gateway(
        "the connection broke while a gateway payload was being sent; it may have arrived",
    )
}

async fn send_payload<S: Sink<Message> + Unpin>(
    socket: &mut S,
    payload: OutgoingPayload,
) -> Result<()> {
    text(socket, payload.text).await.map_err(|()| broken())
}

async fn text<S: Sink<Message> + Unpin>(socket: &mut S, text: String) -> Result<(), ()> {
    send(socket, Message::text(text)).await
}

async fn close<S: Sink<Message> + Unpin>(socket: &mut S, code: u16) {
    // The connection ends in any case, even if this fails.
    let _ = send(socket, Message::Close(Some(close_frame(code)))).await;
}

pub(crate) fn close_frame(code: u16) -> CloseFrame {
    CloseFrame {
        code: CloseCode::from(code),
        reason: "".into(),
    }
}

async fn send<S: Sink<Message> + Unpin>(socket: &mut S, message: Message) -> Result<(), ()> {
    match tokio::time::timeout(WRITE_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::sink;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_payload_that_was_interrupted_while_it_was_written_may_have_arrived() {
        let (started, shared) = (Arc::new(Notify::new()), Arc::new(SharedState::default()));
        let stuck = sink::unfold(Arc::clone(&started), |started, _: Message| async move {
            started.notify_one();
            std::future::pending::<Result<_, ()>>().await
        });
        let (commands, inbox) = mpsc::channel(2);
        let interval = Duration::from_secs(45);
        let writer = tokio::spawn(write(
            Box::pin(stuck),
            interval,
            shared,
            Unread::never(),
            inbox,
        ));
        let mut answers = Vec::new();
        for _ in 0..2 {
            let (sent, answer) = oneshot::channel();
            let payload = OutgoingPayload::new(&json!({ "op": 4 })).unwrap();
            assert!(
                commands
                    .send(WriterCommand::Send { payload, sent })
                    .await
                    .is_ok()
            );
            answers.push(answer);
        }
        started.notified().await;
        writer.abort();
        let waiting = answers.pop().unwrap().await;
        assert!(waiting.is_err(), "it was not sent");
        let error = answers.pop().unwrap().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("may have arrived"), "{error}");
    }

    #[tokio::test]
    async fn a_payload_whose_future_was_dropped_is_not_sent() {
        let (commands, inbox) = mpsc::channel(3);
        let mut receivers = Vec::new();
        for number in 0..2 {
            let (sent, answer) = oneshot::channel();
            let payload = OutgoingPayload::new(&json!({ "op": 4, "d": number })).unwrap();
            assert!(
                commands
                    .send(WriterCommand::Send { payload, sent })
                    .await
                    .is_ok()
            );
            receivers.push(answer);
        }
        receivers.remove(0);
        assert!(commands.send(WriterCommand::Close(1000)).await.is_ok());
        let written = Mutex::new(Vec::new());
        let socket = sink::unfold(&written, |written, message: Message| async move {
            written.lock().unwrap().push(message);
            Ok::<_, ()>(written)
        });
        let shared = Arc::new(SharedState::default());
        let ended = write(
            Box::pin(socket),
            Duration::from_secs(45),
            shared,
            Unread::never(),
            inbox,
        )
        .await;
        assert_eq!(ended, WriterExit::Closed);
        let written = written.lock().unwrap();
        let texts = written.iter().filter(|message| message.is_text());
        let texts: Vec<_> = texts.filter_map(|message| message.to_text().ok()).collect();
        assert_eq!(texts, [r#"{"d":1,"op":4}"#]);
    }
}
