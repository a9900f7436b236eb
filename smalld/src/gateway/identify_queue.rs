//! Queue in which the shards of a process wait to identify, first come, first served. `StartBudget`
//! decides when the next one may; the queue waits until then.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::error::duration::Readable;
use crate::gateway::protocol::start_budget::{SessionStartLimit, StartBudget};

/// A longer wait is logged as a warning.
const MIN_LOGGED_WAIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct IdentifyQueue {
    state: Mutex<QueueState>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct QueueState {
    budget: StartBudget,
    /// The waiting shards, in the order in which they joined.
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

    /// Adds a shard to the queue. Dropping the permit removes it.
    pub(crate) fn join(self: &Arc<Self>, shard: u32) -> IdentifyPermit {
        self.state().waiting.push_back(shard);
        IdentifyPermit {
            queue: Arc::clone(self),
            shard,
        }
    }

    /// An earlier process identified with this shard this long ago, in whole seconds.
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

/// A shard's place in the queue. While it is first, no other shard of its key is granted a permit,
/// however long it takes to connect and to send IDENTIFY.
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
                tracing::warn!(target: "smalld", shard, "only {remaining} session starts are left until Discord's reset, so the next one waits {wait}; find out what starts so many sessions");
            }
            if !logged {
                logged = true;
                tracing::info!(target: "smalld", shard = self.shard, "waiting to identify");
            }
            let passed = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => {}
                // This permit holds the queue, so the sender is not gone.
                _ = changes.changed() => {}
            }
        }
    }

    /// IDENTIFY has been sent. It counts even if sending failed.
    pub(crate) fn spend(self) {
        let now = Instant::now().into_std();
        self.queue.state().budget.spent(self.shard, now);
    }

    /// When this shard may identify, if it is first, and how many session starts are left.
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
    async fn case_d2_max_concurrency_shards_identify_at_the_same_time() {
        assert_eq!(times(&queue(2), &[0, 1, 2, 3]).await, [0, 0, 5, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn case_d3_a_shard_that_returns_does_not_overtake_waiting_shards() {
        let queue = queue(1);
        assert_eq!(times(&queue, &[0]).await, [0]);
        assert_eq!(times(&queue, &[1, 0]).await, [5, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_starts_of_a_day_are_spread_evenly_at_any_concurrency() {
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
    async fn a_dropped_permit_passes_its_place_on() {
        let queue = queue(1);
        let (first, second) = (queue.join(0), queue.join(1));
        first.granted().await;
        drop(first);
        let begin = Instant::now();
        second.granted().await;
        assert_eq!(begin.elapsed(), Duration::ZERO, "nothing was spent");
    }
}
