//! What goes to a bot: texts become WebSocket messages here and nowhere else.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt, future};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::connection::Socket;
use super::connections::Ending;

/// How long a bot has to answer our close frame.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// The writing half of a connection, with the texts that wait for it.
pub(super) struct Speaker {
    sink: SplitSink<Socket, Message>,
    texts: mpsc::Receiver<Utf8Bytes>,
}

impl Speaker {
    pub(super) fn new(sink: SplitSink<Socket, Message>, texts: mpsc::Receiver<Utf8Bytes>) -> Self {
        Self { sink, texts }
    }

    /// Sends what is queued. Returns when the bot cannot be reached any more. Dropped at any
    /// moment, it loses nothing: the next to speak goes on.
    pub(super) async fn speak(&mut self) {
        loop {
            // First room, then the text.
            if future::poll_fn(|context| self.sink.poll_ready_unpin(context))
                .await
                .is_err()
            {
                return;
            }
            let Some(text) = self.texts.recv().await else {
                return;
            };
            let message = encode(text);
            if self.sink.start_send_unpin(message).is_err() || self.sink.flush().await.is_err() {
                return;
            }
        }
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
        mut ending: watch::Receiver<Option<Ending>>,
        frame: CloseFrame,
    ) {
        let goodbye = async {
            while let Ok(text) = self.texts.try_recv() {
                self.sink.send(encode(text)).await?;
            }
            self.sink.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = stream.next().await {}
            Ok::<(), Error>(())
        };
        let cut = async {
            ending
                .wait_for(|ending| *ending == Some(Ending::Cut))
                .await
                .is_ok()
        };
        tokio::select! {
            // Failing to say goodbye is a goodbye, too.
            _ = timeout(FAREWELL, goodbye) => {}
            _ = cut => {}
        }
    }
}

/// The message that carries this text.
fn encode(text: Utf8Bytes) -> Message {
    Message::Text(text)
}
