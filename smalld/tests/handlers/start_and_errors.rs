//! `on_start` and `on_error`: handlers that run before the first event, and handlers of failures.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_async,
    reason = "a handler owns what it takes, and may be async for nothing"
)]

use std::sync::{Arc, Mutex};

use crate::support::{self, Log, Running, TIMEOUT, until};
use smalld::handler::{HandlerError, Handlers};
use smalld::{Intents, Json, Payload, SmallD, State, json};
use smalld_sandbox::Sandbox;

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn write(&self, line: impl Into<String>) {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

mod starting {
    use super::*;

    #[smalld::on_start]
    async fn prepares(bot: SmallD, State(diary): State<Diary>) -> smalld::Result<()> {
        let me = bot.get("/users/@me").await?;
        assert_eq!(me["id"].as_str(), bot.id());
        diary.write("started");
        Ok(())
    }

    #[smalld::on_start]
    fn fails() -> Result<(), String> {
        Err("nothing to start with".to_owned())
    }

    #[smalld::on(ready)]
    async fn readies(State(diary): State<Diary>) {
        diary.write("ready");
    }

    #[smalld::on(resumed)]
    async fn resumes(State(diary): State<Diary>) {
        diary.write("resumed");
    }

    pub(super) const MODULE: &str = module_path!();
}

#[tokio::test]
async fn on_start_runs_once_before_the_first_event() {
    let (log, diary) = (Log::capture(), Diary::default());
    let handlers = Handlers::registered().within(starting::MODULE);
    let state = diary.clone();
    let running = Running::start_with(handlers, |builder| {
        builder.state(state).intents(Intents::GUILDS)
    })
    .await;
    running.sandbox.cut();
    assert!(
        until(|| diary.lines().len() == 3).await,
        "{:?}",
        diary.lines()
    );
    assert_eq!(diary.lines(), ["started", "ready", "resumed"]);
    let reports = log.lines("nothing to start with");
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        reports[0].contains("starting::fails`") && reports[0].contains("the start"),
        "{reports:?}"
    );
    running.close().await.unwrap();
}

#[tokio::test]
async fn all_handlers_whose_state_is_missing_are_named_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let handlers = Handlers::registered().within(starting::MODULE);
    let error = support::builder(&sandbox)
        .handlers(handlers)
        .run()
        .await
        .unwrap_err()
        .to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    for (line, name) in lines.iter().zip(["prepares", "readies", "resumes"]) {
        assert!(line.contains(&format!("starting::{name}`")), "{error}");
        assert!(line.contains("start_and_errors.rs:"), "{error}");
        assert!(
            line.contains("no `handlers::start_and_errors::Diary` was given"),
            "{error}"
        );
    }
    assert!(sandbox.requests().is_empty());
}

mod failing {
    use super::*;

    #[smalld::on("TEST", "/how" = "error")]
    async fn returns() -> Result<(), std::io::Error> {
        Err(std::io::Error::other("the disk is full"))
    }

    #[smalld::on("TEST", "/how" = "panic")]
    fn panics() {
        panic!("on purpose");
    }

    #[smalld::on("TEST", "/how" = "misfit")]
    fn does_not_fit(_: Vec<u8>) {}

    #[smalld::on_gateway_payload(op = 0, t = "TEST", "/d/how" = "whole")]
    async fn sees_all(whole: Json) -> Result<(), String> {
        Err(whole["t"].to_string())
    }

    #[smalld::on_start]
    fn starts() -> Result<(), String> {
        Err("no beginning".to_owned())
    }

    #[smalld::on_error]
    async fn takes(error: HandlerError, State(diary): State<Diary>, d: Json) {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let kind = if error.is_panic() { "panic" } else { "error" };
        let same = error
            .payload()
            .is_none_or(|it| it.json::<Json>().is_ok_and(|json| json == d));
        diary.write(format!(
            "{kind} at {} on {}: {}, {source:?}, {same}",
            error.handler(),
            error.event(),
            d["how"]
        ));
        assert!(error.file().ends_with("start_and_errors.rs") && error.line() > 0);
    }

    #[smalld::on_error]
    async fn needs_an_event(_: Payload) {}

    #[smalld::on_error]
    async fn fails_itself(error: HandlerError) -> Result<(), String> {
        Err(format!("no better than {}", error.handler()))
    }

    pub(super) const MODULE: &str = module_path!();
}

#[tokio::test]
async fn failures_go_to_on_error_handlers_and_not_to_the_log() {
    let (log, diary) = (Log::capture(), Diary::default());
    let handlers = Handlers::registered().within(failing::MODULE);
    let state = diary.clone();
    let running = Running::start_with(handlers, |builder| builder.state(state)).await;
    // A repeated failure is passed on each time; only the log condenses repetitions.
    for how in ["error", "panic", "whole", "misfit", "error"] {
        let before = diary.lines().len();
        running.sandbox.dispatch("TEST", json!({ "how": how }));
        assert!(until(|| diary.lines().len() > before).await, "{how}");
    }
    let failing = "handlers::start_and_errors::failing";
    for (line, expected) in diary.lines().iter().zip([
        format!(r#"error at {failing}::starts on the start: null, Some("no beginning"), true"#),
        format!(r#"error at {failing}::returns on TEST: "error", Some("the disk is full"), true"#),
        format!(r#"panic at {failing}::panics on TEST: "panic", None, true"#),
        format!(r#"error at {failing}::sees_all on TEST: "whole", Some("\"TEST\""), true"#),
        format!(r#"error at {failing}::does_not_fit on TEST: "misfit", Some("the JSON: invalid type: map"#),
        format!(r#"error at {failing}::returns on TEST: "error", Some("the disk is full"), true"#),
    ]) {
        assert!(line.starts_with(&expected), "{line}");
    }
    // A failure of an error handler is logged and not passed on.
    assert!(
        until(|| log.lines("no better than").len() == 5).await,
        "{}",
        log.text()
    );
    let logged = log.lines("ERROR");
    let (without_event, others): (Vec<_>, Vec<_>) = logged
        .iter()
        .partition(|line| line.contains("failing::needs_an_event`"));
    // It is logged together with the error that it did not handle, the repeated one once.
    let (own, errors): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|line| line.contains("failing::fails_itself`"));
    assert_eq!((own.len(), errors.len()), (5, 5), "{own:?} {errors:?}");
    // The log also has the original failure that the error handler could not take.
    assert_eq!(without_event.len(), 1, "{without_event:?}");
    let sentence = "does not fit the event: there is no event (handler `handlers::start_and_errors::failing::starts`";
    assert!(
        without_event[0].contains(sentence) && without_event[0].contains("no beginning"),
        "{without_event:?}"
    );
    running.close().await.unwrap();
}

#[tokio::test]
async fn closures_can_handle_the_start_and_failures() {
    let diary = Diary::default();
    let (started, failed) = (diary.clone(), diary.clone());
    let handlers = Handlers::new()
        .on_start(move |bot: SmallD| {
            started.write(format!("start {}", bot.id().is_some()));
            async {}
        })
        .on("MESSAGE_CREATE", |_, _| async { Err("broken") })
        .on_error(move |_, error| {
            failed.write(error.to_string());
            async {}
        });
    let running = Running::start_with(handlers, |builder| builder).await;
    running.sandbox.say("hello");
    assert!(
        running
            .sandbox
            .wait_until(|sandbox| sandbox.messages().len() == 1, TIMEOUT)
            .await
    );
    assert!(until(|| diary.lines().len() == 2).await);
    let lines = diary.lines();
    assert_eq!(lines[0], "start true");
    assert!(
        lines[1].ends_with("failed on MESSAGE_CREATE (shard 0): broken"),
        "{lines:?}"
    );
    running.close().await.unwrap();
}
