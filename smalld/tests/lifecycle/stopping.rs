//! Stopping at inconvenient moments.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Log, Memory, TIMEOUT, builder, until};
use smalld::gateway::{SessionStore, Sessions, Shards};
use smalld::handler::Handlers;
use smalld::{BoxError, Builder, Intents, SmallD, json};
use smalld_sandbox::Sandbox;
use tokio::sync::Semaphore;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_closes_the_bot_finishes_and_its_event_is_not_replayed() {
    let (sandbox, sessions) = (Sandbox::start().await.unwrap(), Memory::default());
    let finished = Arc::new(AtomicUsize::new(0));
    let closing = Handlers::new().on("CLOSE", {
        let finished = Arc::clone(&finished);
        move |bot: SmallD, _| {
            let finished = Arc::clone(&finished);
            async move {
                bot.close();
                // Blocking work before the first await.
                std::thread::sleep(Duration::from_millis(200));
                tokio::time::sleep(Duration::from_millis(200)).await;
                finished.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let bot = builder(&sandbox)
        .intents(Intents::GUILDS)
        .handlers(closing)
        .sessions(Sessions::store(sessions.clone()))
        .build()
        .unwrap();
    // On a thread without a shard, as in a `main` that runs the bot.
    let (ended, ready) = tokio::join!(bot.run(), async {
        let ready = sandbox.wait_until_ready(TIMEOUT).await;
        sandbox.dispatch("CLOSE", json!({}));
        ready
    });
    assert!(ready && ended.is_ok(), "{ended:?}");
    assert_eq!(finished.load(Ordering::Relaxed), 1);
    let session = sessions.session();
    assert_eq!(session["handled"], session["received"], "{session}");
}

/// A store that saves a number of times, and then hangs.
#[derive(Clone)]
struct Hanging {
    saves: Arc<Semaphore>,
    begun: Arc<AtomicUsize>,
}

impl SessionStore for Hanging {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), BoxError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.saves.acquire().await?.forget();
        Ok(())
    }
}

fn hanging(sandbox: &Sandbox, after: usize) -> (Builder, Hanging) {
    let store = Hanging {
        saves: Arc::new(Semaphore::new(after)),
        begun: Arc::default(),
    };
    let builder = builder(sandbox)
        .handlers(Handlers::new())
        .sessions(Sessions::store(store.clone()));
    (builder, store)
}

#[tokio::test]
async fn a_bot_whose_store_hangs_at_the_start_can_be_closed() {
    let sandbox = Sandbox::start().await.unwrap();
    let (builder, store) = hanging(&sandbox, 0);
    let bot = builder.build().unwrap();
    let (ended, ()) = tokio::join!(timeout(TIMEOUT, bot.run()), async {
        assert!(until(|| store.begun.load(Ordering::Relaxed) == 1).await);
        bot.close();
    });
    ended.expect("the bot ends in time").unwrap();
    assert_eq!(sandbox.connections(), 0);
}

#[tokio::test]
async fn a_bot_that_is_closed_right_before_identify_does_not_send_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let (builder, store) = hanging(&sandbox, 1);
    let bot = builder.build().unwrap();
    let (ended, ()) = tokio::join!(bot.run(), async {
        // The first save is at startup.
        assert!(until(|| store.begun.load(Ordering::Relaxed) == 2).await);
        bot.close();
        store.saves.add_permits(10);
    });
    ended.unwrap();
    assert_eq!(sandbox.identifies(), 0);
}

#[tokio::test]
async fn a_panic_of_the_store_is_logged_and_the_next_save_succeeds() {
    #[derive(Clone, Default)]
    struct Panicking(Arc<AtomicUsize>);
    impl SessionStore for Panicking {
        async fn load(&self) -> Result<Option<String>, BoxError> {
            Ok(None)
        }

        async fn save(&self, _: &str) -> Result<(), BoxError> {
            assert_ne!(self.0.fetch_add(1, Ordering::Relaxed), 1, "the second");
            Ok(())
        }
    }
    let (sandbox, store) = (Sandbox::start().await.unwrap(), Panicking::default());
    let log = Log::capture();
    let bot = builder(&sandbox)
        .handlers(Handlers::new())
        .sessions(Sessions::store(store.clone()))
        .build()
        .unwrap();
    let (ended, ()) = tokio::join!(bot.run(), async {
        assert!(until(|| store.0.load(Ordering::Relaxed) > 2).await);
        bot.close();
    });
    ended.unwrap();
    for words in ["the store panicked", "saved again"] {
        assert_eq!(log.lines(words).len(), 1, "{}", log.text());
    }
}

#[tokio::test]
async fn a_bot_that_could_not_start_can_be_run_again() {
    let sandbox = Sandbox::builder().session_starts(1).session_starts_spent(1);
    let sandbox = sandbox.start().await.unwrap();
    let path = std::env::temp_dir().join(format!("smalld-stopping-{}", std::process::id()));
    let bot = builder(&sandbox)
        .handlers(Handlers::new())
        .shards(Shards::Recommended)
        .sessions(path.as_path())
        .build()
        .unwrap();
    for _ in 0..2 {
        let ended = timeout(TIMEOUT, bot.run())
            .await
            .expect("the bot ends in time");
        let error = ended.unwrap_err().to_string();
        assert!(
            error.contains("session starts of the day are used"),
            "{error}"
        );
    }
    let _ = std::fs::remove_file(path.with_extension("lock"));
}
