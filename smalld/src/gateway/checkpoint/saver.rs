//! Saver: saves the checkpoints of all shards, about once a second while they change and at once
//! when a shard asks for it. Events never wait for it otherwise.
//!
//! It runs on the control runtime if there is one, which no handler can block. The store may be the
//! user's code, so it does not run on the control thread itself but on a blocking thread of that
//! runtime.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::error::{BoxError, Error, Result};
use crate::gateway::checkpoint::document::{Checkpoint, Configuration, Document};
use crate::gateway::checkpoint::progress::Progress;
use crate::gateway::checkpoint::sessions::Sessions;
use crate::unwind;

const SAVE_INTERVAL: Duration = Duration::from_secs(1);
/// Used while a process would count as a failed start if it ended now: progress past the watermark
/// that it started from must be saved soon.
const UNDECIDED_INTERVAL: Duration = Duration::from_millis(50);
/// How long a shard, or the end of the bot, waits for the store.
const SAVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of those who ask for a save are answered by the same one.
const MAX_WAITING: usize = 1_024;

type Saved = std::result::Result<(), NotSaved>;

/// Asks for a save. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Saver {
    requests: mpsc::Sender<oneshot::Sender<Saved>>,
    status: Arc<Status>,
}

/// What the saver's task shares with those who wait for it.
struct Status {
    /// The store did not answer in time. Until it does, no shard waits for it again.
    hangs: AtomicBool,
    last_saved: Mutex<Instant>,
}

/// Why the newest checkpoints are not saved.
#[derive(Clone, Debug)]
pub(crate) enum NotSaved {
    Failed(Arc<str>),
    TimedOut,
}

impl Saver {
    /// Saves once, and then until the guard is dropped. Runs on the control runtime or, without
    /// one, on the caller's.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the first save fails.
    pub(crate) async fn start(
        sessions: Sessions,
        configuration: Configuration,
        shards: Vec<Arc<Progress>>,
        control: Option<Handle>,
    ) -> Result<(Self, SaverGuard)> {
        let (requests, received) = mpsc::channel(MAX_WAITING);
        let (first, first_saved) = oneshot::channel();
        let status = Arc::new(Status {
            hangs: AtomicBool::new(false),
            last_saved: Mutex::new(Instant::now()),
        });
        let task = SaverTask {
            store: Store {
                sessions,
                control: control.clone(),
            },
            configuration,
            shards: shards.clone(),
            saved: Vec::new(),
            failing: false,
            status: Arc::clone(&status),
        };
        let runtime = control.unwrap_or_else(Handle::current);
        let saver = Self { requests, status };
        let guard = SaverGuard {
            saver: saver.clone(),
            shards,
            task: runtime.spawn(task.run(first, received)),
        };
        match first_saved.await {
            Ok(Ok(())) => Ok((saver, guard)),
            Ok(Err(error)) => Err(Error::config(format!(
                "the sessions cannot be saved: {error}; see `sessions`"
            ))),
            Err(_) => Err(Error::config(
                "the runtime that saves the sessions has ended",
            )),
        }
    }

    /// Returns when all progress so far has been saved. A failure is logged.
    pub(crate) async fn save_now(&self) {
        if !self.status.hangs.load(Ordering::Relaxed)
            && let Err(NotSaved::TimedOut) = self.save().await
        {
            tracing::warn!(target: "smalld", "the sessions could not be saved within {} s: going on without", SAVE_TIMEOUT.as_secs());
        }
    }

    async fn save(&self) -> Saved {
        let (answer, answered) = oneshot::channel();
        let saving = async {
            let _ = self.requests.send(answer).await;
            let ended = || NotSaved::Failed("the runtime that saves them has ended".into());
            answered.await.unwrap_or_else(|_| Err(ended()))
        };
        timeout(SAVE_TIMEOUT, saving).await.unwrap_or_else(|_| {
            self.status.hangs.store(true, Ordering::Relaxed);
            Err(NotSaved::TimedOut)
        })
    }
}

impl Status {
    fn last_saved(&self) -> MutexGuard<'_, Instant> {
        self.last_saved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::TimedOut => write!(f, "the store took longer than {} s", SAVE_TIMEOUT.as_secs()),
        }
    }
}

/// Ends the saving when it is dropped.
pub(crate) struct SaverGuard {
    saver: Saver,
    shards: Vec<Arc<Progress>>,
    task: JoinHandle<()>,
}

impl SaverGuard {
    /// The bot stops gracefully.
    pub(crate) fn stopped(&self) {
        for progress in &self.shards {
            progress.stopped();
        }
    }

    /// Saves for the last time.
    ///
    /// # Errors
    ///
    /// A sentence that says what the next process will find instead.
    pub(crate) async fn finish(self) -> std::result::Result<(), String> {
        self.saver.save().await.map_err(|error| {
            let ago = self.saver.status.last_saved().elapsed().as_secs();
            format!("the sessions could not be saved ({error}); they were last saved {ago} s ago, and what was handled since may be handled again by the next start")
        })
    }
}

impl Drop for SaverGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct SaverTask {
    store: Store,
    configuration: Configuration,
    shards: Vec<Arc<Progress>>,
    saved: Vec<Checkpoint>,
    failing: bool,
    status: Arc<Status>,
}

impl SaverTask {
    async fn run(
        mut self,
        first: oneshot::Sender<std::result::Result<(), Arc<str>>>,
        mut requests: mpsc::Receiver<oneshot::Sender<Saved>>,
    ) {
        let saved = self.try_to_save().await;
        let failed = saved.is_err();
        // If nobody waits for it, the guard has been dropped.
        if first.send(saved).is_err() || failed {
            return;
        }
        let mut ticks = interval(SAVE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let undecided = self.shards.iter().any(|progress| progress.is_undecided());
            let mut waiting = Vec::new();
            tokio::select! {
                // A tick that is due must not come before requests that wait.
                biased;
                count = requests.recv_many(&mut waiting, MAX_WAITING) => if count == 0 {
                    return;
                },
                _ = ticks.tick() => {}
                () = sleep(UNDECIDED_INTERVAL), if undecided => {}
            }
            let saved = self.save().await;
            self.status.hangs.store(false, Ordering::Relaxed);
            for answer in waiting {
                // The shard that asked may no longer wait.
                let _ = answer.send(saved.clone());
            }
        }
    }

    async fn save(&mut self) -> Saved {
        let saved = self.try_to_save().await;
        match &saved {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!(target: "smalld", "the sessions are saved again");
            }
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::warn!(target: "smalld", "the sessions cannot be saved ({error}): if the process ended now, the next one would handle some events again, or lose some");
            }
            Ok(()) | Err(_) => {}
        }
        saved.map_err(NotSaved::Failed)
    }

    async fn try_to_save(&mut self) -> std::result::Result<(), Arc<str>> {
        let checkpoints: Vec<Checkpoint> = self
            .shards
            .iter()
            .map(|progress| progress.checkpoint())
            .collect();
        if checkpoints != self.saved {
            let document = Document::new(self.configuration.clone(), checkpoints);
            let saved = self.store.save(document.text()).await;
            saved.map_err(description)?;
            self.saved = document.shards;
        }
        *self.status.last_saved() = Instant::now();
        Ok(())
    }
}

/// An error of the user's store in words. It may panic when it is displayed or dropped.
fn description(error: BoxError) -> Arc<str> {
    let text = unwind::guarded(move || error.to_string());
    text.unwrap_or_else(|| "an error that cannot be displayed".to_owned())
        .into()
}

struct Store {
    sessions: Sessions,
    control: Option<Handle>,
}

impl Store {
    async fn save(&self, text: String) -> std::result::Result<(), BoxError> {
        let Some(control) = &self.control else {
            return self.sessions.save(&text).await;
        };
        let (sessions, runtime) = (self.sessions.clone(), control.clone());
        // Dropped with this future, it ends a save that nobody waits for any more.
        let (_alive, dropped) = oneshot::channel::<()>();
        let saving = control.spawn_blocking(move || {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    saved = sessions.save(&text) => saved,
                    _ = dropped => Ok(()),
                }
            })
        });
        saving.await?
    }
}

#[cfg(test)]
mod tests;
