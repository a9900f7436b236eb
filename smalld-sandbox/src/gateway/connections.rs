//! The open connections, as seen by those who send: a bounded queue each, and a way to end them.

use std::collections::BTreeMap;

use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How many texts may wait for a bot that does not read. More than a session remembers, so that a
/// whole replay fits in.
const MOST_WAITING: usize = 12_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// How a connection is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this close code, after what is on its way.
    Close(u16, String),
    /// The TCP connection drops at once, without a close frame.
    Cut,
}

/// The connection's end of its queue.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) texts: mpsc::Receiver<Utf8Bytes>,
    pub(crate) ending: watch::Receiver<Option<Ending>>,
}

#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: BTreeMap<ConnectionId, Link>,
    opened: u64,
}

#[derive(Debug)]
struct Link {
    texts: mpsc::Sender<Utf8Bytes>,
    ending: watch::Sender<Option<Ending>>,
}

impl Connections {
    pub(crate) fn open(&mut self) -> (ConnectionId, Inbox) {
        let (texts, waiting) = mpsc::channel(MOST_WAITING);
        let (ending, ended) = watch::channel(None);
        self.opened += 1;
        let id = ConnectionId(self.opened);
        self.open.insert(id, Link { texts, ending });
        (
            id,
            Inbox {
                texts: waiting,
                ending: ended,
            },
        )
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) {
        self.open.remove(&id);
    }

    pub(crate) fn count(&self) -> usize {
        self.open.len()
    }

    /// Queues a text. A bot that has let the queue fill up is cut off; its session is not, so that
    /// nothing is lost that it comes back for in time.
    pub(crate) fn send(&self, id: ConnectionId, text: Utf8Bytes) {
        let Some(link) = self.open.get(&id) else {
            return;
        };
        if link.texts.try_send(text).is_err() {
            link.end(Ending::Cut);
        }
    }

    pub(crate) fn send_to_all(&self, text: &Utf8Bytes) {
        for id in self.open.keys() {
            self.send(*id, text.clone());
        }
    }

    pub(crate) fn end(&self, id: ConnectionId, ending: Ending) {
        if let Some(link) = self.open.get(&id) {
            link.end(ending);
        }
    }

    pub(crate) fn end_all(&self, ending: &Ending) {
        for link in self.open.values() {
            link.end(ending.clone());
        }
    }
}

impl Link {
    /// The first ending counts, except that a cut also ends a close that takes too long.
    fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|planned| {
            let changes = planned.is_none() || ending == Ending::Cut;
            if changes {
                *planned = Some(ending);
            }
            changes
        });
    }
}
