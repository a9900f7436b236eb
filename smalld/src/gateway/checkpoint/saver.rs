//! Saves the records of the shards: about once a second while they change, and at once where it is
//! asked for. Off the way of the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::error::{BoxError, Error, Result};
use crate::gateway::checkpoint::{Configuration, Document, Sessions};
use crate::gateway::{Checkpoint, Progress};

const PACE: Duration = Duration::from_secs(1);
/// While it is open whether this process will get past the mark it started from: each that does is
/// not to be counted among those that did not, however soon it ends.
const SUSPENSE: Duration = Duration::from_millis(50);
/// How long one who has to have it saved waits for a store that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for saving; clones are cheap.
#[derive(Clone)]
pub(crate) struct Saver {
    asked: mpsc::Sender<oneshot::Sender<()>>,
    /// The store did not answer in time. Until it does nobody waits for it again.
    hangs: Arc<AtomicBool>,
}

impl Saver {
    /// Saves a first time, and then until the handle that is given back is ended.
    pub(crate) async fn start(
        sessions: Sessions,
        origin: Configuration,
        progresses: Vec<Arc<Progress>>,
    ) -> Result<(Self, SaverGuard)> {
        let kept = progresses.clone();
        let mut saver = SaverTask {
            sessions,
            origin,
            progresses,
            saved: Vec::new(),
            failing: false,
            hangs: Arc::default(),
        };
        saver.try_to_save().await.map_err(|error| {
            Error::config(format!(
                "the sessions cannot be kept: {error}; see `sessions`"
            ))
        })?;
        let (asked, asks) = mpsc::channel(16);
        let hangs = Arc::clone(&saver.hangs);
        let task = tokio::spawn(saver.run(asks));
        let saver = Self { asked, hangs };
        let ending = SaverGuard {
            saver: saver.clone(),
            progresses: kept,
            task,
        };
        Ok((saver, ending))
    }

    /// Ready when all that is known now has been saved, or cannot be, which is told in the log.
    pub(crate) async fn now(&self) {
        if !self.hangs.load(Ordering::Relaxed) {
            self.wait().await;
        }
    }

    async fn wait(&self) {
        let (answer, answered) = oneshot::channel();
        let saved = async {
            let _ = self.asked.send(answer).await;
            answered.await
        };
        if timeout(PATIENCE, saved).await.is_err() {
            self.hangs.store(true, Ordering::Relaxed);
            tracing::warn!(target: "smalld", "the sessions have not been saved within {PATIENCE:?}; going on without");
        }
    }
}

/// Ends the saving.
pub(crate) struct SaverGuard {
    saver: Saver,
    progresses: Vec<Arc<Progress>>,
    task: JoinHandle<()>,
}

impl SaverGuard {
    /// The bot stops: handlers that are abandoned from now on move no mark.
    pub(crate) fn freeze(&self) {
        for progress in &self.progresses {
            progress.freeze();
        }
    }

    /// Saves a last time.
    pub(crate) async fn end(self) {
        self.saver.wait().await;
    }
}

impl Drop for SaverGuard {
    /// Also where `run` is dropped in the middle: the task may be about to save at this moment.
    fn drop(&mut self) {
        self.freeze();
        self.task.abort();
    }
}

struct SaverTask {
    sessions: Sessions,
    origin: Configuration,
    progresses: Vec<Arc<Progress>>,
    saved: Vec<Checkpoint>,
    failing: bool,
    hangs: Arc<AtomicBool>,
}

impl SaverTask {
    async fn run(mut self, mut asks: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut second = interval(PACE);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let suspense = self.progresses.iter().any(|progress| progress.is_unmoved());
            let soon = async {
                if suspense {
                    tokio::time::sleep(SUSPENSE).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            let asked = tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => Some(ask),
                    None => return,
                },
                _ = second.tick() => None,
                () = soon => None,
            };
            self.save().await;
            self.hangs.store(false, Ordering::Relaxed);
            if let Some(ask) = asked {
                // Who asked may have lost patience.
                let _ = ask.send(());
            }
        }
    }

    async fn save(&mut self) {
        match self.try_to_save().await {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!(target: "smalld", "the sessions are saved again");
            }
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::warn!(target: "smalld", "the sessions cannot be saved ({error}); a restart now would handle events anew, or lose some");
            }
            Ok(()) | Err(_) => {}
        }
    }

    async fn try_to_save(&mut self) -> Result<(), BoxError> {
        let progresses: Vec<Checkpoint> = self
            .progresses
            .iter()
            .map(|progress| progress.saved())
            .collect();
        if progresses == self.saved {
            return Ok(());
        }
        let document = Document::new(self.origin.clone(), progresses);
        self.sessions.save(&document.text()).await?;
        self.saved = document.shards;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::SavedSession;
    use crate::gateway::checkpoint::SessionStore;

    struct Nowhere;

    impl SessionStore for Nowhere {
        async fn load(&self) -> Result<Option<String>, BoxError> {
            Ok(None)
        }

        async fn save(&self, _: &str) -> Result<(), BoxError> {
            Ok(())
        }
    }

    fn origin() -> Configuration {
        Configuration {
            bot: None,
            base_url: String::new(),
            shard_count: 1,
            intents: 0,
            identify: serde_json::Map::new(),
        }
    }

    #[tokio::test]
    async fn what_is_abandoned_with_a_run_that_is_dropped_is_not_handled() {
        let session = SavedSession {
            id: "sid".to_owned(),
            resume_url: "wss://r".to_owned(),
            handled: 41,
            received: 41,
            starts: 0,
            alive: 0,
        };
        let progress = Arc::new(Progress::new(0, (0, 0), Some(&session)));
        let progresses = vec![Arc::clone(&progress)];
        let (_, ending) = Saver::start(Sessions::store(Nowhere), origin(), progresses)
            .await
            .unwrap();
        let watermark = progress.watermark().unwrap();
        watermark.received(42);
        let at_work = watermark.completion(42);
        watermark.dispatched();
        drop(ending);
        drop(at_work);
        assert_eq!(progress.saved().session.unwrap().handled, 41);
    }

    /// Saves once, and then never gets to the end of it.
    #[derive(Default)]
    struct Hanging(AtomicBool);

    impl SessionStore for Hanging {
        async fn load(&self) -> Result<Option<String>, BoxError> {
            Ok(None)
        }

        async fn save(&self, _: &str) -> Result<(), BoxError> {
            if self.0.swap(true, Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_hangs_is_waited_for_once() {
        let progress = Arc::new(Progress::new(0, (0, 0), None));
        let store = Sessions::store(Hanging::default());
        let (saver, _ending) = Saver::start(store, origin(), vec![Arc::clone(&progress)])
            .await
            .unwrap();
        progress.begun(1);
        let begin = tokio::time::Instant::now();
        for _ in 0..3 {
            saver.now().await;
        }
        assert_eq!(begin.elapsed(), PATIENCE);
    }
}
