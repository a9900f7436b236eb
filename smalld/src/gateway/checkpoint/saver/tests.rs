use std::sync::atomic::AtomicUsize;
use std::sync::mpsc as std_mpsc;
use std::thread;

use futures_util::future::join_all;

use super::*;
use crate::gateway::checkpoint::store::SessionStore;

/// Much longer than any wait in these tests takes, unless something is broken.
const LONG: Duration = Duration::from_secs(30);

fn configuration() -> Configuration {
    Configuration {
        bot: None,
        base_url: String::new(),
        shard_count: 1,
        intents: 0,
        identify: serde_json::Map::new(),
    }
}

async fn start(
    store: impl SessionStore,
    progress: &Arc<Progress>,
    control: Option<Handle>,
) -> (Saver, SaverGuard) {
    let (sessions, shards) = (Sessions::store(store), vec![Arc::clone(progress)]);
    Saver::start(sessions, configuration(), shards, control)
        .await
        .unwrap()
}

fn progress() -> Arc<Progress> {
    Arc::new(Progress::new(&Checkpoint::default()))
}

/// Saves once; no later save ever ends.
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
    let progress = progress();
    let (saver, _guard) = start(Hanging::default(), &progress, None).await;
    progress.session_starts().add();
    let begin = Instant::now();
    for _ in 0..3 {
        saver.save_now().await;
    }
    assert_eq!(begin.elapsed(), SAVE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_last_save_that_times_out_says_since_when_nothing_is_saved() {
    let progress = progress();
    let (_, guard) = start(Hanging::default(), &progress, None).await;
    progress.session_starts().add();
    let error = guard.finish().await.unwrap_err();
    assert!(error.contains("longer than 5 s"), "{error}");
    assert!(error.contains("last saved 5 s ago"), "{error}");
}

/// Counts the saves. Each takes a second, in which there is more to save.
#[derive(Clone)]
struct Slow {
    saves: Arc<AtomicUsize>,
    progress: Arc<Progress>,
}

impl SessionStore for Slow {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), BoxError> {
        self.saves.fetch_add(1, Ordering::Relaxed);
        self.progress.session_starts().add();
        sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn one_save_answers_all_who_wait_for_it() {
    let progress = progress();
    let count = Arc::default();
    let store = Slow {
        saves: Arc::clone(&count),
        progress: Arc::clone(&progress),
    };
    let (saver, _guard) = start(store, &progress, None).await;
    let begin = Instant::now();
    join_all((0..100).map(|_| saver.save_now())).await;
    // The first one, one that had just begun, one for all, and the next.
    assert!(count.load(Ordering::Relaxed) <= 4, "{count:?}");
    assert!(begin.elapsed() < Duration::from_secs(3));
}

/// Its error panics when it is displayed.
struct Undisplayable(AtomicBool);

impl SessionStore for Undisplayable {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), BoxError> {
        if self.0.swap(true, Ordering::Relaxed) {
            return Err(PanicsInDisplay.into());
        }
        Ok(())
    }
}

#[derive(Debug)]
struct PanicsInDisplay;

impl fmt::Display for PanicsInDisplay {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("broken display")
    }
}

impl std::error::Error for PanicsInDisplay {}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_store_that_panics_when_it_is_displayed_does_not_end_the_saver() {
    let progress = progress();
    let store = Undisplayable(AtomicBool::new(false));
    let (_, guard) = start(store, &progress, None).await;
    progress.session_starts().add();
    let error = guard.finish().await.unwrap_err();
    assert!(error.contains("cannot be displayed"), "{error}");
}

/// A thread with a runtime, as `run!` has one.
struct Control {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Control {
    fn start() -> Self {
        let (handle, started) = std_mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            handle.send(runtime.handle().clone()).unwrap();
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        });
        Self {
            handle: started.recv().unwrap(),
            _stop: stop,
        }
    }
}

/// Reports each save. A save blocks its thread until the channel's other end is dropped, if it has
/// been told to.
struct Telling {
    saved: std_mpsc::Sender<()>,
    blocks: Option<Mutex<std_mpsc::Receiver<()>>>,
}

impl SessionStore for Telling {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), BoxError> {
        self.saved.send(())?;
        if let Some(blocks) = &self.blocks {
            // The first message lets the first save through, the end of the channel the others.
            let _ = blocks.lock().unwrap().recv();
        }
        Ok(())
    }
}

#[tokio::test]
async fn saves_while_every_worker_is_blocked() {
    let control = Control::start();
    let (sender, saves) = std_mpsc::channel();
    let store = Telling {
        saved: sender,
        blocks: None,
    };
    let progress = progress();
    let (_, _guard) = start(store, &progress, Some(control.handle.clone())).await;
    saves.recv_timeout(LONG).unwrap();
    progress.session_starts().add();
    // This thread is the only one of its runtime, and it does not yield.
    saves.recv_timeout(LONG).unwrap();
}

#[tokio::test]
async fn a_store_that_blocks_does_not_block_the_control_thread() {
    let control = Control::start();
    let (sender, saves) = std_mpsc::channel();
    let (let_through, blocks) = std_mpsc::channel();
    let_through.send(()).unwrap();
    let store = Telling {
        saved: sender,
        blocks: Some(Mutex::new(blocks)),
    };
    let progress = progress();
    let (_, _guard) = start(store, &progress, Some(control.handle.clone())).await;
    progress.session_starts().add();
    for _ in 0..2 {
        saves.recv_timeout(LONG).unwrap();
    }
    let (sender, works) = std_mpsc::channel();
    control.handle.spawn(async move { sender.send(()) });
    works.recv_timeout(LONG).unwrap();
    drop(let_through);
}
