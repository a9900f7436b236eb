//! Open connections, as the sending side sees them: a bounded queue for each, and a way to end
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::target::Target;
use crate::world::journal::Journal;

/// How many texts may wait for a bot that does not read: more than a session remembers, so that a
/// whole replay fits.
const MAX_WAITING_TEXTS: usize = 12_000;
/// How many bytes of texts may wait, for the same reason.
const MAX_WAITING_BYTES: u32 = 48 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this close code, after everything that is queued.
    Close(u16, String),
    /// The TCP connection stays open, and nothing happens on it any more.
    Hang,
    /// The TCP connection is dropped at once, without a close frame.
    Cut,
}

/// A text on its way to a bot, and how it is sent.
#[derive(Debug)]
pub(crate) struct OutgoingText {
    pub(crate) text: Utf8Bytes,
    /// Whether it is corrupted.
    pub(crate) damaged: bool,
    /// In how many frames it is sent.
    pub(crate) pieces: usize,
    /// Its share of the bytes that may wait, released when it has been sent.
    pub(crate) share: Option<OwnedSemaphorePermit>,
}

/// The connection's end of its queue.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) texts: mpsc::Receiver<OutgoingText>,
    pub(crate) ending: watch::Receiver<Option<Ending>>,
}

/// How many texts to bots are remembered.
const MAX_SENT: usize = 10_000;
/// How many bytes of them.
const MAX_SENT_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(crate) struct Connections {
    /// What was sent so far, over all connections.
    pub(crate) sent: Journal<Utf8Bytes>,
    open: BTreeMap<ConnectionId, Link>,
    opened: u64,
    /// In how many frames each message is sent; 0 counts as 1.
    pub(crate) pieces: usize,
}

#[derive(Debug)]
struct Link {
    texts: mpsc::Sender<OutgoingText>,
    /// The bytes that may still wait.
    room: Arc<Semaphore>,
    ending: watch::Sender<Option<Ending>>,
    /// The shard of the session that began or was resumed here.
    shard: Option<u64>,
    damages_next: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            sent: Journal::new(MAX_SENT, MAX_SENT_BYTES),
            open: BTreeMap::new(),
            opened: 0,
            pieces: 0,
        }
    }
}

impl Connections {
    pub(crate) fn open(&mut self) -> (ConnectionId, Inbox) {
        let (texts, waiting) = mpsc::channel(MAX_WAITING_TEXTS);
        let (ending, ended) = watch::channel(None);
        self.opened += 1;
        let id = ConnectionId(self.opened);
        let link = Link {
            texts,
            room: Arc::new(Semaphore::new(MAX_WAITING_BYTES as usize)),
            ending,
            shard: None,
            damages_next: false,
        };
        self.open.insert(id, link);
        let inbox = Inbox {
            texts: waiting,
            ending: ended,
        };
        (id, inbox)
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) {
        self.open.remove(&id);
    }

    /// Assigns a connection to this shard from now on.
    pub(crate) fn assign(&mut self, id: ConnectionId, shard: u64) {
        if let Some(link) = self.open.get_mut(&id) {
            link.shard = Some(shard);
        }
    }

    /// How many connections are open and do not hang.
    pub(crate) fn count(&self, target: Target) -> usize {
        let open = self.open.values();
        open.filter(|link| target.includes(link.shard) && !link.hangs())
            .count()
    }

    pub(crate) fn ids(&self, target: Target) -> Vec<ConnectionId> {
        let concerned = self
            .open
            .iter()
            .filter(|(_, link)| target.includes(link.shard));
        concerned.map(|(id, _)| *id).collect()
    }

    /// Queues a text. If the queue of a bot is full, its connection is dropped; its session stays,
    /// so that it can resume.
    pub(crate) fn send(&mut self, id: ConnectionId, text: Utf8Bytes) {
        let Some(link) = self.open.get_mut(&id) else {
            return;
        };
        if link.hangs() {
            return;
        }
        let Some(share) = link.share(text.len()) else {
            link.end(Ending::Cut);
            return;
        };
        self.sent.push(text.clone(), text.len());
        let outgoing = OutgoingText {
            text,
            damaged: std::mem::take(&mut link.damages_next),
            pieces: self.pieces,
            share: Some(share),
        };
        if link.texts.try_send(outgoing).is_err() {
            link.end(Ending::Cut);
        }
    }

    pub(crate) fn send_to(&mut self, target: Target, text: &Utf8Bytes) {
        for id in self.ids(target) {
            self.send(id, text.clone());
        }
    }

    /// Makes the next text to each open connection unreadable.
    pub(crate) fn damage_next(&mut self) {
        for link in self.open.values_mut() {
            link.damages_next = true;
        }
    }

    pub(crate) fn end(&self, id: ConnectionId, ending: Ending) {
        if let Some(link) = self.open.get(&id) {
            link.end(ending);
        }
    }

    pub(crate) fn end_those(&self, target: Target, ending: &Ending) {
        for id in self.ids(target) {
            self.end(id, ending.clone());
        }
    }
}

impl Link {
    /// The first ending counts, except that a cut also ends a close handshake and a hang.
    fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|planned| {
            let changes = planned.is_none() || ending == Ending::Cut;
            if changes {
                *planned = Some(ending);
            }
            changes
        });
    }

    /// Reserves the bytes of a text of this length. Returns `None` if too much waits. A text that
    /// is larger than the whole bound may wait alone.
    fn share(&self, length: usize) -> Option<OwnedSemaphorePermit> {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        room.try_acquire_many_owned(length.min(MAX_WAITING_BYTES))
            .ok()
    }

    fn hangs(&self) -> bool {
        *self.ending.borrow() == Some(Ending::Hang)
    }
}
