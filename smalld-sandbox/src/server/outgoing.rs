//! What goes to a bot: texts become WebSocket messages here and nowhere else, and messages become
//! as many frames as are asked for.

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
use crate::gateway::connections::{Ending, Letter};
use crate::gateway::socket::Socket;

/// How long a bot has to answer our close frame.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// The writing half of a connection, with what waits for it.
pub(super) struct Speaker {
    sink: SplitSink<Socket, Message>,
    letters: mpsc::Receiver<Letter>,
    compressor: Compressor,
    /// What is left of the letter that is being sent.
    frames: VecDeque<Message>,
    /// That letter's share of the bytes that may wait.
    share: Option<OwnedSemaphorePermit>,
}

impl Speaker {
    pub(super) fn new(
        sink: SplitSink<Socket, Message>,
        letters: mpsc::Receiver<Letter>,
        compression: Compression,
    ) -> Self {
        Self {
            sink,
            letters,
            compressor: Compressor::new(compression),
            frames: VecDeque::new(),
            share: None,
        }
    }

    /// Sends what is queued. Returns when the bot cannot be reached any more. Dropped at any
    /// moment, it loses nothing: who speaks next goes on.
    pub(super) async fn speak(&mut self) {
        loop {
            // First room, then the frame.
            if future::poll_fn(|context| self.sink.poll_ready_unpin(context))
                .await
                .is_err()
            {
                return;
            }
            let Some(frame) = self.frames.pop_front() else {
                self.share = None;
                let Some(letter) = self.letters.recv().await else {
                    return;
                };
                self.take(letter);
                continue;
            };
            if self.sink.start_send_unpin(frame).is_err() || self.sink.flush().await.is_err() {
                return;
            }
        }
    }

    fn take(&mut self, mut letter: Letter) {
        self.share = letter.share.take();
        self.frames = encode(letter, &mut self.compressor);
    }

    /// Answers the bot's close frame, which the library does when it is flushed.
    pub(super) async fn close(mut self) {
        let _ = timeout(FAREWELL, self.sink.close()).await;
    }

    /// Sends what is still queued and a close frame, and waits for the bot's own. A bot that reads
    /// nothing is left after some seconds, or as soon as the connection is to be cut.
    pub(super) async fn say_goodbye(
        mut self,
        mut stream: SplitStream<Socket>,
        ending: &mut watch::Receiver<Option<Ending>>,
        frame: CloseFrame,
    ) {
        let goodbye = async {
            self.letters.close();
            self.send_rest().await?;
            self.sink.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = stream.next().await {}
            Ok::<(), Error>(())
        };
        tokio::select! {
            // Failing to say goodbye is a goodbye, too.
            _ = timeout(FAREWELL, goodbye) => {}
            () = cut(ending) => {}
        }
    }

    async fn send_rest(&mut self) -> Result<(), Error> {
        loop {
            for frame in self.frames.drain(..) {
                self.sink.send(frame).await?;
            }
            let Ok(letter) = self.letters.try_recv() else {
                return Ok(());
            };
            self.take(letter);
        }
    }
}

/// Waits until the connection is to be cut, or there is nobody left to ask for it.
pub(super) async fn cut(ending: &mut watch::Receiver<Option<Ending>>) {
    let cut = ending.wait_for(|ending| *ending == Some(Ending::Cut));
    let _ = cut.await;
}

fn encode(letter: Letter, compressor: &mut Compressor) -> VecDeque<Message> {
    let (kind, bytes) = match compressor.message(&letter.text, letter.damaged) {
        Some(compressed) => (Data::Binary, compressed),
        None => message(letter.text, letter.damaged),
    };
    frames(kind, &bytes, letter.pieces)
}

/// The message that carries a text. Of a damaged one the first byte is such that it is no JSON.
fn message(text: Utf8Bytes, damaged: bool) -> (Data, Bytes) {
    if damaged {
        let mut characters = text.chars();
        characters.next();
        return (Data::Text, format!("#{}", characters.as_str()).into());
    }
    (Data::Text, text.into())
}

/// Cuts a message into so many frames, or as many as it has bytes.
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
        let letter = Letter {
            text: text.into(),
            damaged: false,
            pieces,
            share: None,
        };
        let frames = encode(letter, &mut Compressor::None);
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
    fn a_message_is_cut_into_its_pieces() {
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
    fn what_is_damaged_is_no_json() {
        for text in ["", "{}", "11", "\"ü\"", "ü"] {
            let (_, bytes) = message(text.into(), true);
            assert!(std::str::from_utf8(&bytes).is_ok(), "{text}");
            assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err());
        }
    }
}
