//! Sessions that outlive the bot: resumed from what was handled, by the next process or the next
//! bot in this one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{Log, Memory, TIMEOUT, builder, until};
use smalld::gateway::{SessionStore, Sessions, ShardState};
use smalld::handler::Handlers;
use smalld::{BoxError, Builder, Error, Intents, Json, Payload, Result, SmallD, json};
use smalld_sandbox::{Happening, Sandbox};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The numbers that were handled, in order.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<Vec<u64>>>);

impl Handled {
    fn handlers(&self) -> Handlers {
        let handled = self.clone();
        Handlers::new().on("NUMBERED", move |_: SmallD, payload: Payload| {
            let handled = handled.clone();
            async move {
                let number = payload.json::<Json>()?["number"].as_u64();
                handled.0.lock().unwrap().extend(number);
                Ok::<(), Error>(())
            }
        })
    }

    fn is(&self, numbers: &[u64]) -> bool {
        *self.0.lock().unwrap() == numbers
    }
}

/// A sandbox with which two bots may identify right after each other.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().identify_window(Duration::ZERO);
    sandbox.start().await.unwrap()
}

fn number(sandbox: &Sandbox, number: u64) {
    sandbox.dispatch("NUMBERED", json!({ "number": number }));
}

struct Bot {
    bot: SmallD,
    task: JoinHandle<Result<()>>,
}

impl Bot {
    fn start(builder: Builder) -> Self {
        let bot = builder.build().unwrap();
        let running = bot.clone();
        let task = tokio::spawn(async move { running.run().await });
        Self { bot, task }
    }

    async fn ready(builder: Builder) -> Self {
        let started = Self::start(builder);
        let state = || started.bot.shards().next().unwrap().state();
        assert!(until(|| state() == ShardState::Ready).await);
        started
    }

    async fn close(self) -> Result<()> {
        self.bot.close();
        self.task.await.unwrap()
    }
}

fn kept(sandbox: &Sandbox, sessions: &Memory, handlers: Handlers) -> Builder {
    builder(sandbox)
        .intents(Intents::GUILDS)
        .handlers(handlers)
        .sessions(Sessions::store(sessions.clone()))
}

/// Runs a bot until it is ready, and closes it: its session is saved.
async fn run_once(sandbox: &Sandbox, sessions: &Memory, handlers: Handlers) {
    let bot = Bot::ready(kept(sandbox, sessions, handlers)).await;
    bot.close().await.unwrap();
}

#[tokio::test]
async fn a_deploy_loses_no_event_and_handles_none_twice() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    let mut happenings = sandbox.subscribe();
    let handled = Handled::default();
    let first = Bot::ready(kept(&sandbox, &sessions, handled.handlers())).await;
    number(&sandbox, 1);
    assert!(until(|| handled.is(&[1])).await);
    first.close().await.unwrap();
    let code = loop {
        if let Some(Happening::Disconnected { code, .. }) = happenings.next().await {
            break code;
        }
    };
    assert_eq!(code, Some(4900), "the session can be resumed");

    number(&sandbox, 2);
    let second = Bot::ready(kept(&sandbox, &sessions, handled.handlers())).await;
    assert_eq!(second.bot.id(), Some(sandbox.bot_id()), "without a READY");
    number(&sandbox, 3);
    assert!(until(|| handled.is(&[1, 2, 3])).await);
    assert_eq!((sandbox.identifies(), sandbox.resumes()), (1, 1));
    second.close().await.unwrap();
}

#[tokio::test]
async fn what_was_received_but_not_handled_is_replayed() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    let started = Arc::new(Notify::new());
    let hanging = Handlers::new().on("NUMBERED", {
        let started = Arc::clone(&started);
        move |_, _| {
            started.notify_one();
            std::future::pending::<()>()
        }
    });
    let impatient = || kept(&sandbox, &sessions, hanging.clone()).shutdown_timeout(Duration::ZERO);
    let first = Bot::ready(impatient()).await;
    number(&sandbox, 1);
    started.notified().await;
    sandbox.dispatch("UNWANTED", json!({}));
    let received = || sessions.session()["received"] == 4;
    assert!(until(received).await, "{}", sessions.json());
    first.close().await.unwrap();
    let session = sessions.session();
    assert_eq!(
        (&session["handled"], &session["received"]),
        (&json!(2), &json!(4))
    );

    let between = Bot::ready(impatient()).await;
    started.notified().await;
    between.close().await.unwrap();
    let session = sessions.session();
    assert_eq!(session["handled"], 2);
    assert_eq!(session["failed_starts"], 0, "it stopped gracefully");

    let replayed = Arc::new(Mutex::new(Vec::new()));
    let handlers = Handlers::new().on("NUMBERED", {
        let replayed = Arc::clone(&replayed);
        move |_, payload: Payload| {
            replayed
                .lock()
                .unwrap()
                .push((payload.is_replay(), payload.s()));
            async {}
        }
    });
    let second = Bot::ready(kept(&sandbox, &sessions, handlers)).await;
    assert!(until(|| *replayed.lock().unwrap() == [(true, Some(3))]).await);
    second.close().await.unwrap();
}

#[tokio::test]
async fn an_event_in_progress_is_replayed_after_a_run_that_was_dropped() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    let started = Arc::new(Notify::new());
    let hanging = Handlers::new().on("NUMBERED", {
        let started = Arc::clone(&started);
        move |_, _| {
            started.notify_one();
            std::future::pending::<()>()
        }
    });
    let first = Bot::ready(kept(&sandbox, &sessions, hanging)).await;
    number(&sandbox, 1);
    started.notified().await;
    first.task.abort();
    assert!(first.task.await.is_err());

    let handled = Handled::default();
    let second = Bot::ready(kept(&sandbox, &sessions, handled.handlers())).await;
    assert!(until(|| handled.is(&[1])).await);
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_stale_session_or_one_of_another_configuration_is_not_resumed_and_logged() {
    type Change = fn(&mut Json);
    let changes: [(&str, Change); 5] = [
        ("another bot", |json| {
            json["configuration"]["bot"] = json!("1");
        }),
        ("another number of shards", |json| {
            json["configuration"]["shard_count"] = json!(2);
        }),
        ("other intents", |json| {
            json["configuration"]["intents"] = json!(2);
        }),
        ("another `identify`", |json| {
            json["configuration"]["identify"] = json!({ "presence": null });
        }),
        ("stale", |json| {
            let alive = &mut json["shards"][0]["session"]["last_heard"];
            *alive = json!(alive.as_u64().unwrap() - 3600);
        }),
    ];
    for (words, change) in changes {
        let (sandbox, sessions) = (sandbox().await, Memory::default());
        let handled = Handled::default();
        run_once(&sandbox, &sessions, handled.handlers()).await;
        sessions.change(|json| {
            change(json);
            // Pretends that this was long ago, so that the next bot does not wait.
            json["shards"][0]["last_session_start"] = json!(0);
        });
        let log = Log::capture();
        let second = Bot::ready(kept(&sandbox, &sessions, handled.handlers())).await;
        assert_eq!(sandbox.resumes(), 0, "{words}");
        assert_eq!(log.lines(words).len(), 1, "{words}: {}", log.text());
        second.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_new_session_waits_for_the_identify_window_of_the_process_before() {
    let (sandbox, sessions) = (Sandbox::start().await.unwrap(), Memory::default());
    run_once(&sandbox, &sessions, Handlers::new()).await;
    sessions.change(|json| json["configuration"]["intents"] = json!(2));
    let second = Bot::ready(kept(&sandbox, &sessions, Handlers::new())).await;
    assert_eq!(sandbox.identifies(), 2);
    assert_eq!(sandbox.too_early_identifies(), 0);
    second.close().await.unwrap();
}

#[tokio::test]
async fn saved_text_that_cannot_be_read_is_logged_and_ignored() {
    let sandbox = sandbox().await;
    for text in ["", "{}", r#"{"version":99}"#] {
        let sessions = Memory(Arc::new(Mutex::new(Some(text.to_owned()))));
        let log = Log::capture();
        let bot = Bot::ready(kept(&sandbox, &sessions, Handlers::new())).await;
        assert_eq!(log.lines("cannot be read").len(), 1, "{}", log.text());
        bot.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_resume_logs_how_many_events_are_not_replayed() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    run_once(&sandbox, &sessions, Handlers::new()).await;
    sandbox.invalidate_sessions();
    sessions.change(|json| {
        let session = &mut json["shards"][0]["session"];
        session["received"] = json!(session["handled"].as_u64().unwrap() + 7);
        json["shards"][0]["session_starts"] = json!(0);
    });
    let log = Log::capture();
    let second = Bot::ready(kept(&sandbox, &sessions, Handlers::new())).await;
    let refused = log.lines("refused to resume");
    assert!(
        refused.len() == 1 && refused[0].contains("7 events"),
        "{}",
        log.text()
    );
    second.close().await.unwrap();
}

#[tokio::test]
async fn replayed_events_do_not_count_when_a_later_resume_is_refused() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    run_once(&sandbox, &sessions, Handlers::new()).await;
    sandbox.dispatch("UNWANTED", json!({}));
    sessions.change(|json| {
        let session = &mut json["shards"][0]["session"];
        session["received"] = json!(session["handled"].as_u64().unwrap() + 1);
    });
    let log = Log::capture();
    let second = Bot::ready(kept(&sandbox, &sessions, Handlers::new())).await;
    sandbox.invalidate_sessions();
    sandbox.cut();
    let refused = || log.lines("refused to resume");
    assert!(until(|| refused().len() == 1).await, "{}", log.text());
    assert!(refused()[0].contains(" 0 events"), "{:?}", refused());
    second.close().await.unwrap();
}

#[tokio::test]
async fn an_event_that_ended_three_processes_is_skipped_and_named() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    let handled = Handled::default();
    run_once(&sandbox, &sessions, handled.handlers()).await;
    number(&sandbox, 1);
    number(&sandbox, 2);
    // The state that three processes leave behind if each ended at the first of these events.
    sessions.change(|json| {
        let session = &mut json["shards"][0]["session"];
        session["received"] = json!(session["handled"].as_u64().unwrap() + 1);
        session["failed_starts"] = json!(3);
    });
    let log = Log::capture();
    let second = Bot::ready(kept(&sandbox, &sessions, handled.handlers())).await;
    assert!(until(|| handled.is(&[2])).await);
    let skipped = log.lines("skipped");
    assert!(
        skipped.len() == 1 && skipped[0].contains("seq 3 to 3"),
        "{}",
        log.text()
    );
    second.close().await.unwrap();
}

#[tokio::test]
async fn an_event_that_may_end_the_process_is_saved_before_it_is_handled() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    run_once(&sandbox, &sessions, Handlers::new()).await;
    number(&sandbox, 1);
    sessions.change(|json| json["shards"][0]["session"]["failed_starts"] = json!(1));
    let known = Arc::new(Mutex::new(None));
    let handlers = Handlers::new().on("NUMBERED", {
        let (known, sessions) = (Arc::clone(&known), sessions.clone());
        move |_, payload: Payload| {
            let session = sessions.session();
            *known.lock().unwrap() = Some((payload.s(), session));
            async {}
        }
    });
    let second = Bot::ready(kept(&sandbox, &sessions, handlers)).await;
    assert!(until(|| known.lock().unwrap().is_some()).await);
    let (seq, session) = known.lock().unwrap().clone().unwrap();
    assert_eq!(session["received"].as_u64(), seq);
    assert_eq!(session["handled"].as_u64(), seq.map(|seq| seq - 1));
    assert_eq!(session["failed_starts"], 2);
    second.close().await.unwrap();
}

#[tokio::test]
async fn the_token_is_not_sent_to_a_resume_url_of_another_site() {
    let (sandbox, sessions) = (sandbox().await, Memory::default());
    run_once(&sandbox, &sessions, Handlers::new()).await;
    let url = json!("ws://localhost:1");
    sessions.change(|json| json["shards"][0]["session"]["resume_url"] = url);
    let log = Log::capture();
    let second = Bot::ready(kept(&sandbox, &sessions, Handlers::new())).await;
    assert_eq!(sandbox.resumes(), 1);
    assert_eq!(sandbox.connections_to_resume_url(), 0);
    assert_eq!(log.lines("another site").len(), 1, "{}", log.text());
    second.close().await.unwrap();
}

/// Saves this often, then fails once or for ever.
struct Failing {
    saves: AtomicUsize,
    for_ever: bool,
}

impl SessionStore for Failing {
    async fn load(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _: &str) -> Result<(), BoxError> {
        match self.saves.load(Ordering::Relaxed) {
            0 if self.for_ever => return Err("out of space".into()),
            0 => {
                self.saves.store(usize::MAX, Ordering::Relaxed);
                return Err("out of space".into());
            }
            saves => self.saves.store(saves - 1, Ordering::Relaxed),
        }
        Ok(())
    }
}

fn failing(sandbox: &Sandbox, saves: usize, for_ever: bool) -> Builder {
    let saves = AtomicUsize::new(saves);
    builder(sandbox)
        .handlers(Handlers::new())
        .sessions(Sessions::store(Failing { saves, for_ever }))
}

#[tokio::test]
async fn a_failing_store_prevents_the_start_and_is_logged_once_later() {
    let sandbox = sandbox().await;
    let error = failing(&sandbox, 0, false).run().await.unwrap_err();
    assert!(
        matches!(error, Error::Config(_)) && error.to_string().contains("out of space"),
        "{error}"
    );
    let log = Log::capture();
    // The first save is at startup, the second before IDENTIFY.
    let bot = Bot::ready(failing(&sandbox, 1, false)).await;
    bot.close().await.unwrap();
    assert_eq!(log.lines("cannot be saved").len(), 1, "{}", log.text());
    let last = log.lines("the sessions are saved for the next start");
    assert_eq!(last.len(), 1, "{}", log.text());
}

#[tokio::test]
async fn the_last_line_says_if_the_sessions_could_not_be_saved() {
    let sandbox = sandbox().await;
    let log = Log::capture();
    let bot = Bot::ready(failing(&sandbox, 1, true)).await;
    bot.close().await.unwrap();
    let last = log.lines("stopped");
    assert!(
        last.len() == 1
            && last[0].contains("WARN")
            && last[0].contains("could not be saved (out of space)"),
        "{}",
        log.text()
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_file_and_the_second_bot_waits_for_the_first() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox().await;
    let folder = std::env::temp_dir().join(format!("smalld-sessions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("sessions.json");
    let of_file = || {
        builder(&sandbox)
            .handlers(Handlers::new())
            .sessions(path.as_path())
    };
    // Left behind by a process that was killed while it wrote.
    std::fs::write(folder.join("sessions.json.new"), "x".repeat(100_000)).unwrap();
    let first = Bot::ready(of_file()).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(serde_json::from_str::<Json>(&text).is_ok(), "{text}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let log = Log::capture();
    let second = Bot::start(of_file());
    assert!(until(|| !log.lines("waiting until it ends").is_empty()).await);
    assert_eq!(sandbox.connected(), 1);
    let ended = first.bot.clone();
    first.close().await.unwrap();
    let resumed = |sandbox: &Sandbox| sandbox.resumes() == 1;
    assert!(sandbox.wait_until(resumed, TIMEOUT).await);
    assert_eq!(sandbox.identifies(), 1);
    drop(ended);
    second.close().await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_file_in_a_missing_folder_is_an_error_at_the_start() {
    let sandbox = sandbox().await;
    let nowhere = std::env::temp_dir()
        .join("smalld-no-such-folder")
        .join("s.json");
    let bot = builder(&sandbox)
        .handlers(Handlers::new())
        .sessions(nowhere);
    let error = bot.run().await.unwrap_err();
    let words = error.to_string();
    assert!(
        matches!(error, Error::Config(_)) && words.contains("smalld-no-such-folder"),
        "{words}"
    );
    assert_eq!(sandbox.connections(), 0);
}
