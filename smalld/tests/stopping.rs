//! Stopping, at moments that are as bad as they can be.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smalld::{BoxError, Handlers, Intents, Json, SessionStore, Sessions, SmallD, json};
use smalld_sandbox::Sandbox;
use support::{LONG, builder};

/// What was saved last.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Option<String>>>);

impl SessionStore for Memory {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn save(&self, sessions: &str) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = Some(sessions.to_owned());
        Ok(())
    }
}

impl Memory {
    fn session(&self) -> Json {
        let text = self.0.lock().unwrap().clone().unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        json["shards"][0]["session"].clone()
    }
}

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
                // Work that takes its time before the first await.
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
    // As in a `main` that runs the bot: on a thread that no shard is on.
    let (ended, ready) = tokio::join!(bot.run(), async {
        let ready = sandbox.wait_until_ready(LONG).await;
        sandbox.dispatch("CLOSE", json!({}));
        ready
    });
    assert!(ready && ended.is_ok(), "{ended:?}");
    assert_eq!(finished.load(Ordering::Relaxed), 1);
    let session = sessions.session();
    assert_eq!(session["handled"], session["received"], "{session}");
}
