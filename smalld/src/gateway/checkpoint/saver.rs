//! Saves the records of the shards: about once a second while they change, and at once where it is
//! asked for. Off the way of the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::error::{BoxError, Error, Result};
use crate::gateway::checkpoint::{Document, Origin, Sessions};
use crate::gateway::{Record, Saved};

const PACE: Duration = Duration::from_secs(1);
/// While it is open whether this process will get past the mark it started from: each that does is
/// not to be counted among those that did not, however soon it ends.
const SUSPENSE: Duration = Duration::from_millis(50);
/// How long one who has to have it saved waits for a store that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for saving; clones are cheap.
#[derive(Clone)]
pub(crate) struct Saving {
    asked: mpsc::Sender<oneshot::Sender<()>>,
    /// The store did not answer in time. Until it does nobody waits for it again.
    hangs: Arc<AtomicBool>,
}

impl Saving {
    /// Saves a first time, and then until the handle that is given back is ended.
    pub(crate) async fn start(
        sessions: Sessions,
        origin: Origin,
        records: Vec<Arc<Record>>,
    ) -> Result<(Self, Ending)> {
        let kept = records.clone();
        let mut saver = Saver {
            sessions,
            origin,
            records,
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
        let saving = Self { asked, hangs };
        let ending = Ending {
            saving: saving.clone(),
            records: kept,
            task,
        };
        Ok((saving, ending))
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
pub(crate) struct Ending {
    saving: Saving,
    records: Vec<Arc<Record>>,
    task: JoinHandle<()>,
}

impl Ending {
    /// The bot stops: handlers that are abandoned from now on move no mark.
    pub(crate) fn freeze(&self) {
        for record in &self.records {
            record.freeze();
        }
    }

    /// Saves a last time.
    pub(crate) async fn end(self) {
        self.saving.wait().await;
    }
}

impl Drop for Ending {
    /// Also where `run` is dropped in the middle: the task may be about to save at this moment.
    fn drop(&mut self) {
        self.freeze();
        self.task.abort();
    }
}

struct Saver {
    sessions: Sessions,
    origin: Origin,
    records: Vec<Arc<Record>>,
    saved: Vec<Saved>,
    failing: bool,
    hangs: Arc<AtomicBool>,
}

impl Saver {
    async fn run(mut self, mut asks: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut second = interval(PACE);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let suspense = self.records.iter().any(|record| record.is_unmoved());
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
        let records: Vec<Saved> = self.records.iter().map(|record| record.saved()).collect();
        if records == self.saved {
            return Ok(());
        }
        let document = Document::new(self.origin.clone(), records);
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

    fn origin() -> Origin {
        Origin {
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
        let record = Arc::new(Record::new(0, (0, 0), Some(&session)));
        let records = vec![Arc::clone(&record)];
        let (_, ending) = Saving::start(Sessions::store(Nowhere), origin(), records)
            .await
            .unwrap();
        let mark = record.mark().unwrap();
        mark.received(42);
        let at_work = mark.completion(42);
        mark.dispatched();
        drop(ending);
        drop(at_work);
        assert_eq!(record.saved().session.unwrap().handled, 41);
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
        let record = Arc::new(Record::new(0, (0, 0), None));
        let store = Sessions::store(Hanging::default());
        let (saving, _ending) = Saving::start(store, origin(), vec![Arc::clone(&record)])
            .await
            .unwrap();
        record.begun(1);
        let begin = tokio::time::Instant::now();
        for _ in 0..3 {
            saving.now().await;
        }
        assert_eq!(begin.elapsed(), PATIENCE);
    }
}
