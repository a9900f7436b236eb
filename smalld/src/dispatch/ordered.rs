//! Queues of handlers marked `ordered`: the events of one guild, one at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::coop;

use crate::dispatch::filter;
use crate::dispatch::handler::Handler;
use crate::event::Payload;
use crate::event::scan;

/// How many may wait for one key; beyond it they run on without order.
const MOST: usize = 100;

/// Whose events wait for each other: those of one handler in one guild, channel or user.
type Key = (usize, String);

/// One queue for each handler and guild that has events waiting.
#[derive(Clone, Default)]
pub(crate) struct Queues(Arc<Mutex<HashMap<Key, Queue>>>);

struct Queue {
    turnstile: Arc<Semaphore>,
    waiting: usize,
    /// A full queue is reported once, until it is empty again.
    reported: bool,
}

impl Queues {
    /// A place at the end of the queue, taken where the event is read so that the order is that of
    /// the events; `None` where the event belongs to nobody or the queue is full.
    pub(crate) fn join(&self, handler: &Arc<Handler>, payload: &Payload) -> Option<Turn> {
        let key = (Arc::as_ptr(handler) as usize, owner(payload)?);
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(key.clone()).or_insert_with(|| Queue {
            turnstile: Arc::new(Semaphore::new(1)),
            waiting: 0,
            reported: false,
        });
        if queue.waiting > MOST {
            if !std::mem::replace(&mut queue.reported, true) {
                tracing::error!(
                    target: "smalld",
                    "handler {handler} is `ordered` and {MOST} events of {} wait for it: further ones run without order",
                    key.1
                );
            }
            return None;
        }
        queue.waiting += 1;
        // A semaphore serves in the order of the first poll; `start` polls once, in order.
        let turnstile = Arc::clone(&queue.turnstile);
        Some(Turn {
            turnstile,
            place: Place {
                queues: self.clone(),
                key,
            },
        })
    }
}

/// A place in a queue.
pub(crate) struct Turn {
    turnstile: Arc<Semaphore>,
    place: Place,
}

impl Turn {
    /// Waits for the turn, which lasts until what is returned is dropped.
    pub(crate) async fn wait(self) -> (Option<OwnedSemaphorePermit>, Place) {
        // Out of tokio's own order of turns: where that is used up, the first poll would take no
        // place, and a later event might take it.
        let turn = coop::unconstrained(self.turnstile.acquire_owned());
        (turn.await.ok(), self.place)
    }
}

pub(crate) struct Place {
    queues: Queues,
    key: Key,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.queues.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut queue) = queues.entry(self.key.clone()) {
            queue.get_mut().waiting -= 1;
            if queue.get().waiting == 0 {
                queue.remove();
            }
        }
    }
}

/// The guild that an event belongs to, else the channel, else the user.
fn owner(payload: &Payload) -> Option<String> {
    let guild: &[&str] = match payload.t() {
        // The guild's own events carry its id as `id`.
        Some("GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE") => &["id"],
        _ => &["guild_id"],
    };
    let places = [guild, &["channel_id"], &["user_id"], &["user", "id"]];
    let mut ids = places.into_iter().filter_map(|place| {
        let id = filter::find(payload.d(), place)?;
        scan::string(id)
    });
    ids.next().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_place_is_taken_also_by_a_task_that_has_had_its_share() {
        let turnstile = Arc::new(Semaphore::new(1));
        let turn = |user: &str| Turn {
            turnstile: Arc::clone(&turnstile),
            place: Place {
                queues: Queues::default(),
                key: (0, user.to_owned()),
            },
        };
        while coop::consume_budget().now_or_never().is_some() {}
        assert!(turn("1").wait().now_or_never().is_some());
    }
}
