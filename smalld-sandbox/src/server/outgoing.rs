//! The writing half of a connection: texts become WebSocket messages, and messages become frames.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt, future};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

use crate::gateway::compression::{Compression, Compressor};
use crate::gateway::connections::{Ending, OutgoingText};
use crate::gateway::socket::Socket;

/// How long a bot has to answer a close frame.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The writing half of a connection, with its queue.
pub(super) struct Writer {
    sink: SplitSink<Socket, Message>,
    texts: mpsc::Receiver<OutgoingText>,
    compressor: Compressor,
    /// The frames that are left of the text that is being sent.
    frames: VecDeque<Message>,
    /// That text's share of the bytes that may wait.
    share: Option<OwnedSemaphorePermit>,
}

impl Writer {
    pub(super) fn new(
        sink: SplitSink<Socket, Message>,
        texts: mpsc::Receiver<OutgoingText>,
        compression: Compression,
    ) -> Self {
        Self {
            sink,
            texts,
            compressor: Compressor::new(compression),
            frames: VecDeque::new(),
            share: None,
        }
    }

    /// Sends what is queued until the bot cannot be reached any more. The future can be dropped at any
    /// moment without losing anything: the next call continues.
    pub(super) async fn write_all(&mut self) {
        loop {
            // The sink must be ready before a frame is taken.
            if future::poll_fn(|context| self.sink.poll_ready_unpin(context))
                .await
                .is_err()
            {
                return;
            }
            let Some(frame) = self.frames.pop_front() else {
                self.share = None;
                let Some(text) = self.texts.recv().await else {
                    return;
                };
                self.take(text);
                continue;
            };
            if self.sink.start_send_unpin(frame).is_err() || self.sink.flush().await.is_err() {
                return;
            }
        }
    }

    fn take(&mut self, mut text: OutgoingText) {
        self.share = text.share.take();
        self.frames = encode(text, &mut self.compressor);
    }

    /// Answers the bot's close frame, which tungstenite does when it is flushed.
    pub(super) async fn close(mut self) {
        let _ = timeout(CLOSE_TIMEOUT, self.sink.close()).await;
    }

    /// Sends what is queued and a close frame, and waits for the bot's close frame: until
    /// [`CLOSE_TIMEOUT`], or until the connection must be cut.
    pub(super) async fn close_handshake(
        mut self,
        mut stream: SplitStream<Socket>,
        ending: &mut watch::Receiver<Option<Ending>>,
        frame: CloseFrame,
    ) {
        let goodbye = async {
            self.texts.close();
            self.send_rest().await?;
            self.sink.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = stream.next().await {}
            Ok::<(), Error>(())
        };
        tokio::select! {
            // After an error there is nothing left to close.
            _ = timeout(CLOSE_TIMEOUT, goodbye) => {}
            () = cut(ending) => {}
        }
    }

    async fn send_rest(&mut self) -> Result<(), Error> {
        loop {
            for frame in self.frames.drain(..) {
                self.sink.send(frame).await?;
            }
            let Ok(text) = self.texts.try_recv() else {
                return Ok(());
            };
            self.take(text);
        }
    }
}

/// Waits until the connection must be cut, or the sandbox is gone.
pub(super) async fn cut(ending: &mut watch::Receiver<Option<Ending>>) {
    let cut = ending.wait_for(|ending| *ending == Some(Ending::Cut));
    let _ = cut.await;
}

fn encode(text: OutgoingText, compressor: &mut Compressor) -> VecDeque<Message> {
    let (kind, bytes) = match compressor.message(&text.text, text.damaged) {
        Some(compressed) => (Data::Binary, compressed),
        None => message(text.text, text.damaged),
    };
    frames(kind, &bytes, text.pieces)
}

/// The message that carries a text. The first character of a damaged one makes it invalid JSON.
fn message(text: Utf8Bytes, damaged: bool) -> (Data, Bytes) {
    if damaged {
        let mut characters = text.chars();
        characters.next();
        return (Data::Text, format!("#{}", characters.as_str()).into());
    }
    (Data::Text, text.into())
}

/// Cuts a message into this many frames, or as many as it has bytes.
fn frames(kind: Data, bytes: &Bytes, pieces: usize) -> VecDeque<Message> {
    let pieces = pieces.min(bytes.len()).max(1);
    let frame = |nth: usize| {
        let (from, to) = (bytes.len() * nth / pieces, bytes.len() * (nth + 1) / pieces);
        let kind = if nth == 0 { kind } else { Data::Continue };
        let is_last = nth + 1 == pieces;
        Message::Frame(Frame::message(
            bytes.slice(from..to),
            OpCode::Data(kind),
            is_last,
        ))
    };
    (0..pieces).map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &'static str, pieces: usize) -> Vec<(OpCode, bool, Vec<u8>)> {
        let text = OutgoingText {
            text: text.into(),
            damaged: false,
            pieces,
            share: None,
        };
        let frames = encode(text, &mut Compressor::None);
        let frame = |message: Message| match message {
            Message::Frame(frame) => {
                let header = frame.header();
                (header.opcode, header.is_final, frame.payload().to_vec())
            }
            other => panic!("{other:?}"),
        };
        frames.into_iter().map(frame).collect()
    }

    #[test]
    fn a_message_is_cut_into_frames() {
        let (text, on) = (OpCode::Data(Data::Text), OpCode::Data(Data::Continue));
        assert_eq!(pieces("abc", 0), [(text, true, b"abc".to_vec())]);
        assert_eq!(
            pieces("abc", 2),
            [(text, false, b"a".to_vec()), (on, true, b"bc".to_vec())]
        );
        assert_eq!(pieces("abc", 99).len(), 3);
        assert_eq!(pieces("", 2), [(text, true, Vec::new())]);
    }

    #[test]
    fn a_damaged_message_is_not_json() {
        for text in ["", "{}", "11", "\"ü\"", "ü"] {
            let (_, bytes) = message(text.into(), true);
            assert!(std::str::from_utf8(&bytes).is_ok(), "{text}");
            assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err());
        }
    }
}
