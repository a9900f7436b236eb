//! Queues of handlers marked `ordered`: the events of one guild, one at a time.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::dispatch::filter::find_string;
use crate::dispatch::handler::Handler;
use crate::event::Payload;

/// How many events may wait for one key; further ones run without order.
const MAX_WAITING: usize = 100;

/// Events with the same key wait for each other: those of one handler in one guild, channel or
/// user.
type Key = (u32, Box<str>);

/// One queue for each handler and guild that has an event in progress.
#[derive(Clone, Default)]
pub(super) struct Queues(Arc<Mutex<HashMap<Key, Queue>>>);

/// The events that wait behind the one that has its turn.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<oneshot::Sender<InTurn>>,
    /// A full queue is reported once, until it is empty again.
    reported: bool,
}

/// When an event has its turn.
pub(super) enum Turn {
    Now(InTurn),
    Later(oneshot::Receiver<InTurn>),
}

impl Queues {
    /// Takes a place at the end of the queue. Called in the order in which events are read. Returns
    /// `None` if the event belongs to no guild, channel or user, or if the queue is full.
    pub(super) fn join(&self, handler: &Handler, payload: &Payload) -> Option<Turn> {
        let key = (handler.id, owner(payload)?);
        let mut queues = self.lock();
        let queue = match queues.entry(key.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(Queue::default());
                return Some(Turn::Now(self.in_turn(key)));
            }
            Entry::Occupied(queue) => queue.into_mut(),
        };
        if queue.waiting.len() >= MAX_WAITING {
            let is_new = !std::mem::replace(&mut queue.reported, true);
            drop(queues);
            if is_new {
                tracing::error!(
                    target: "smalld",
                    "handler {handler} is `ordered` and {MAX_WAITING} events of {} wait for it: further ones run without order",
                    key.1
                );
            }
            return None;
        }
        let (sender, turn) = oneshot::channel();
        queue.waiting.push_back(sender);
        Some(Turn::Later(turn))
    }

    fn in_turn(&self, key: Key) -> InTurn {
        InTurn {
            queues: self.clone(),
            key: Some(key),
        }
    }

    /// The next of the queue, which is removed if nobody waits.
    fn next(&self, key: &Key) -> Option<oneshot::Sender<InTurn>> {
        let mut queues = self.lock();
        let next = queues.get_mut(key)?.waiting.pop_front();
        if next.is_none() {
            queues.remove(key);
        }
        next
    }

    /// Held for a few instructions only, never across an await.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of one event. Dropping it gives the turn to the next.
pub(super) struct InTurn {
    queues: Queues,
    key: Option<Key>,
}

impl Drop for InTurn {
    fn drop(&mut self) {
        let Some(mut key) = self.key.take() else {
            return;
        };
        while let Some(next) = self.queues.next(&key) {
            // Runs that were abandoned while they waited are skipped.
            match next.send(self.queues.in_turn(key)) {
                Ok(()) => return,
                Err(mut returned) => match returned.key.take() {
                    Some(returned) => key = returned,
                    None => return,
                },
            }
        }
    }
}

/// The guild that an event belongs to, else the channel, else the user.
fn owner(payload: &Payload) -> Option<Box<str>> {
    let guild: &[&str] = match payload.t() {
        // The guild's own events carry its id as `id`.
        Some("GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE") => &["id"],
        _ => &["guild_id"],
    };
    let places = [guild, &["channel_id"], &["user_id"], &["user", "id"]];
    let mut ids = places.into_iter().filter_map(|place| {
        let id = find_string(payload.unchecked_d(), place)?;
        Some(id.into())
    });
    ids.next()
}
