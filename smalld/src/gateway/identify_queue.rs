//! The queue in which the shards of a process wait to identify, first come first served. When is
//! decided by `StartBudget`; this lets time pass.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::error::duration::Readable;
use crate::gateway::protocol::start_budget::{SessionStartLimit, StartBudget};

/// A wait that is longer is warned.
const MIN_LOGGED_WAIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct IdentifyQueue {
    state: Mutex<QueueState>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct QueueState {
    budget: StartBudget,
    /// The shards that wait, in the order in which they came.
    waiting: VecDeque<u32>,
}

impl IdentifyQueue {
    pub(crate) fn new(limit: SessionStartLimit) -> Self {
        let budget = StartBudget::new(limit, Instant::now().into_std());
        let waiting = VecDeque::new();
        Self {
            state: Mutex::new(QueueState { budget, waiting }),
            changed: watch::Sender::new(()),
        }
    }

    /// Takes a place for a shard. It is given up when the permit is dropped.
    pub(crate) fn join(self: &Arc<Self>, shard: u32) -> IdentifyPermit {
        self.state().waiting.push_back(shard);
        IdentifyPermit {
            queue: Arc::clone(self),
            shard,
        }
    }

    /// An earlier process let this shard identify, so many whole seconds ago.
    pub(crate) fn identified_before(&self, shard: u32, ago: Duration) {
        let now = Instant::now().into_std();
        self.state().budget.identified_before(shard, ago, now);
    }

    /// Held for a few instructions only, never across an await.
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueState {
    fn is_first(&self, shard: u32) -> bool {
        let key = self.budget.key(shard);
        let is_before = |other: &&u32| self.budget.is_low() || self.budget.key(**other) == key;
        self.waiting.iter().find(is_before) == Some(&shard)
    }
}

/// A shard's place in the queue. While it is first nobody of its key can pass, so between the turn
/// and the IDENTIFY a connection may take its time.
#[derive(Debug)]
pub(crate) struct IdentifyPermit {
    queue: Arc<IdentifyQueue>,
    shard: u32,
}

impl IdentifyPermit {
    /// Waits until this shard may identify.
    pub(crate) async fn granted(&self) {
        let mut changes = self.queue.changed.subscribe();
        let (mut logged, mut warned) = (false, false);
        loop {
            let (due, remaining) = self.due();
            let now = Instant::now();
            if due.is_some_and(|due| due <= now) {
                return;
            }
            if let Some(due) = due.filter(|&due| due > now + MIN_LOGGED_WAIT && !warned) {
                warned = true;
                let (shard, wait) = (self.shard, Readable(due - now));
                tracing::warn!(target: "smalld", shard, "{remaining} session starts are left for the day, so the next waits {wait}; look for what starts the bot so often");
            }
            if !logged {
                logged = true;
                tracing::info!(target: "smalld", shard = self.shard, "waits for its turn to identify");
            }
            let passed = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => {}
                // The queue is held by this permit, so its sender lives.
                _ = changes.changed() => {}
            }
        }
    }

    /// IDENTIFY goes out: it counts from now on, whatever becomes of it.
    pub(crate) fn spend(self) {
        let now = Instant::now().into_std();
        self.queue.state().budget.spent(self.shard, now);
    }

    /// When, if it is first.
    fn due(&self) -> (Option<Instant>, u32) {
        let mut state = self.queue.state();
        let now = Instant::now().into_std();
        let due = state.is_first(self.shard).then(|| {
            let due = state.budget.due(self.shard, now);
            Instant::from_std(due)
        });
        (due, state.budget.remaining())
    }
}

impl Drop for IdentifyPermit {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        let place = state.waiting.iter().position(|&shard| shard == self.shard);
        if let Some(place) = place {
            state.waiting.remove(place);
        }
        drop(state);
        self.queue.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(max_concurrency: u32) -> Arc<IdentifyQueue> {
        queue_with(max_concurrency, 1000)
    }

    fn queue_with(max_concurrency: u32, remaining: u32) -> Arc<IdentifyQueue> {
        Arc::new(IdentifyQueue::new(SessionStartLimit {
            total: 1000,
            remaining,
            reset_after: Duration::from_secs(86_400),
            max_concurrency,
        }))
    }

    /// When each of these shards identifies, in seconds from now.
    async fn times(queue: &Arc<IdentifyQueue>, shards: &[u32]) -> Vec<u64> {
        let begin = Instant::now();
        let permits: Vec<IdentifyPermit> = shards.iter().map(|&shard| queue.join(shard)).collect();
        let turns = permits.into_iter().rev().map(|permit| async move {
            permit.granted().await;
            let shard = permit.shard;
            permit.spend();
            (shard, begin.elapsed().as_secs())
        });
        let mut times = futures_util::future::join_all(turns).await;
        times.sort_by_key(|(shard, _)| shards.iter().position(|other| other == shard));
        times.into_iter().map(|(_, time)| time).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn case_d1_two_shards_identify_five_seconds_apart() {
        assert_eq!(times(&queue(1), &[0, 1]).await, [0, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn case_d2_as_many_as_the_concurrency_identify_together() {
        assert_eq!(times(&queue(2), &[0, 1, 2, 3]).await, [0, 0, 5, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn case_d3_whoever_comes_back_does_not_overtake_who_waits() {
        let queue = queue(1);
        assert_eq!(times(&queue, &[0]).await, [0]);
        assert_eq!(times(&queue, &[1, 0]).await, [5, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_starts_of_a_day_are_spread_over_it_whatever_the_concurrency() {
        let queue = queue_with(16, 100);
        let times = times(&queue, &[0, 1, 2]).await;
        assert_eq!(times, [864, 1728, 2592], "a hundredth of a day each");

        let (first, second) = (queue.join(3), queue.join(4));
        first.granted().await;
        let hour = Duration::from_secs(3600);
        let both = tokio::time::timeout(hour, second.granted()).await;
        assert!(both.is_err(), "before the first of them has identified");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_given_up_is_the_next_ones() {
        let queue = queue(1);
        let (first, second) = (queue.join(0), queue.join(1));
        first.granted().await;
        drop(first);
        let begin = Instant::now();
        second.granted().await;
        assert_eq!(begin.elapsed(), Duration::ZERO, "nothing was spent");
    }
}
