//! Parameters of handlers, and reports of their failures.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_async,
    reason = "a handler owns what it takes, and may be async for nothing"
)]

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::support::{self, Log, Running, until};
use serde::Deserialize;
use smalld::handler::{FromEvent, Handlers, On};
use smalld::rest::RateLimits;
use smalld::{BoxError, Json, Payload, Shard, SmallD, State, json, path};

async fn say(bot: &SmallD, channel: &str, content: &str) -> smalld::Result<()> {
    bot.post(
        path!("/channels/{channel}/messages"),
        json!({ "content": content }),
    )
    .await?;
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

mod failing {
    use super::*;

    #[derive(Deserialize)]
    struct Counted {
        #[serde(rename = "count")]
        _count: u64,
    }

    #[smalld::on("TEST", "/how" = "panic")]
    async fn panics() {
        panic!("on purpose");
    }

    #[smalld::on("TEST", "/how" = "error")]
    async fn fails() -> Result<(), std::io::Error> {
        Err(std::io::Error::other("the disk is full"))
    }

    #[smalld::on("TEST", "/how" = "misfit")]
    async fn takes(_counted: Counted) {}

    #[smalld::on("TEST", "/how" = "sync")]
    fn panics_in_sync() {
        panic!("on purpose, too");
    }

    #[smalld::on("TEST", "/how" = "fine")]
    async fn answers(bot: SmallD, d: Json) -> smalld::Result<()> {
        say(
            &bot,
            d["channel"].as_str().unwrap_or_default(),
            "still here",
        )
        .await
    }

    pub(super) const MODULE: &str = module_path!();
}

#[tokio::test]
async fn each_failure_is_reported_once_and_the_next_event_is_handled() {
    let log = Log::capture();
    let running = Running::start_with(Handlers::registered().within(failing::MODULE), |builder| {
        builder.rate_limits(RateLimits::Wait)
    })
    .await;
    for (how, handler, words) in [
        ("panic", "failing::panics", "it panicked: on purpose"),
        ("error", "failing::fails", "the disk is full"),
        (
            "misfit",
            "failing::takes",
            "Counted` does not fit the event",
        ),
        ("misfit", "failing::takes", "`count`: invalid type"),
        (
            "sync",
            "failing::panics_in_sync",
            "it panicked: on purpose, too",
        ),
    ] {
        let reports = || {
            log.lines(handler)
                .into_iter()
                .filter(|line| line.contains("ERROR"))
                .count()
        };
        running
            .sandbox
            .dispatch("TEST", json!({ "how": how, "count": "many" }));
        let reported = until(|| reports() == 1).await;
        assert!(reported, "{how} was not reported: {}", log.text());
        let lines = log.lines(handler);
        let report = lines
            .iter()
            .find(|line| line.contains("ERROR") && line.contains(words));
        let report = report.unwrap_or_else(|| panic!("{how}: {}", log.text()));
        assert!(
            report.contains("smalld/tests/handlers/parameters.rs:"),
            "{report}"
        );
        assert!(
            report.contains("TEST") && report.contains("shard 0"),
            "{report}"
        );
    }
    let channel = running.sandbox.channel_id().to_owned();
    running
        .sandbox
        .dispatch("TEST", json!({ "how": "fine", "channel": channel }));
    running.says("still here").await;
    for handler in ["panics`", "fails`", "takes`", "panics_in_sync`"] {
        let reports = log
            .lines(handler)
            .into_iter()
            .filter(|line| line.contains("ERROR"));
        assert_eq!(reports.count(), 1, "{}", log.text());
    }
    running.close().await.unwrap();
}

mod taking {
    use super::*;

    #[derive(Deserialize)]
    struct Borrowed<'a> {
        #[serde(borrow)]
        content: Cow<'a, str>,
        channel_id: &'a str,
    }

    /// The author's name.
    struct Author(String);

    impl<'e> FromEvent<'e> for Author {
        fn from_event(_: &SmallD, payload: &'e Payload) -> Result<Self, BoxError> {
            let message: Json = payload.json()?;
            let name = message["author"]["username"].as_str().ok_or("no author")?;
            Ok(Self(name.to_owned()))
        }
    }

    #[smalld::on(message_create, "/author/bot" = null)]
    async fn echoes(bot: SmallD, author: Author, message: Borrowed<'_>) -> smalld::Result<()> {
        let echo = format!("{}: {}", author.0, message.content);
        say(&bot, message.channel_id, &echo).await
    }

    #[smalld::on(message_create, "/author/bot" = null)]
    fn counts(
        bot: SmallD,
        State(counter): State<Counter>,
        shard: Shard,
        payload: Payload,
        Borrowed { channel_id, .. }: Borrowed<'_>,
    ) -> Result<(), String> {
        let count = counter.0.fetch_add(1, Ordering::Relaxed) + 1;
        let (id, s) = (payload.id().ok_or("no id")?, payload.s().ok_or("no s")?);
        let ends_so = id.ends_with(&format!(":{s}"));
        let content = format!("{count} on {} of {}, {ends_so}", shard.id(), shard.count());
        // A sync handler may block.
        let path = path!("/channels/{channel_id}/messages");
        let sent = bot.post(path, json!({ "content": content })).wait();
        sent.map(drop).map_err(|error| error.to_string())
    }

    pub(super) const MODULE: &str = module_path!();
}

#[derive(Debug, Default)]
struct Counter(AtomicUsize);

#[tokio::test]
async fn parameters_come_in_any_number_and_order_and_may_borrow() {
    let handlers = Handlers::registered().within(taking::MODULE);
    let running = Running::start_with(handlers, |builder| {
        builder
            .state(Counter::default())
            .rate_limits(RateLimits::Wait)
    })
    .await;
    for text in [
        "plain",
        "two\nlines and \"quotes\" \\ and a \t tab",
        "emoji 👍🏽 and ünïcödé",
    ] {
        running.sandbox.say(text);
        running.says(&format!("alex: {text}")).await;
    }
    for count in 1..=3 {
        running.says(&format!("{count} on 0 of 1, true")).await;
    }
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_handler_whose_state_is_missing_is_named_before_anything_is_sent() {
    let sandbox = smalld_sandbox::Sandbox::start().await.unwrap();
    let handlers = Handlers::registered().within(taking::MODULE);
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .build()
        .unwrap();
    let error = bot.run().await.unwrap_err().to_string();
    assert!(
        error.contains("taking::counts") && error.contains("Counter"),
        "{error}"
    );
    assert!(
        error.contains("smalld/tests/handlers/parameters.rs:"),
        "{error}"
    );
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn closures_are_handlers_too() {
    let handlers = Handlers::new()
        .on(
            "MESSAGE_CREATE",
            |bot: SmallD, payload: Payload| async move {
                let message: Json = payload.json()?;
                if message["author"]["id"].as_str() == bot.id() {
                    return Ok(());
                }
                say(
                    &bot,
                    message["channel_id"].as_str().unwrap_or_default(),
                    "by a closure",
                )
                .await
            },
        )
        .on_gateway_payload(|bot: SmallD, payload: Payload| async move {
            let whole: Json = payload.json()?;
            if whole["t"] != "TEST" {
                return Ok(());
            }
            say(
                &bot,
                whole["d"]["channel"].as_str().unwrap_or_default(),
                "of every payload",
            )
            .await
        });
    let running = Running::start(handlers).await;
    running.sandbox.say("hello");
    running.says("by a closure").await;
    let channel = running.sandbox.channel_id().to_owned();
    running
        .sandbox
        .dispatch("TEST", json!({ "channel": channel }));
    running.says("of every payload").await;
    running.close().await.unwrap();
}

#[tokio::test]
async fn closures_take_filters_and_run_in_order_by_guild() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&seen);
    let id = json!({ "id": "7" });
    let on = On::event("TEST")
        .with("/kind", 2)
        .with("/user/id", &id["id"])
        .with("/gone", Json::Null)
        .ordered();
    let handlers = Handlers::new().on(on, move |_, payload: Payload| {
        let writer = Arc::clone(&writer);
        async move {
            let event: Json = payload.json()?;
            // Without `ordered`, handlers that yield less would come first.
            for _ in 0..event["wait"].as_u64().unwrap_or(0) {
                tokio::task::yield_now().await;
            }
            locked(&writer).push(event["wait"].clone());
            Ok::<_, smalld::Error>(())
        }
    });
    let running = Running::start(handlers).await;
    let event = |kind: u8, user: &str, wait: u8| json!({ "guild_id": "1", "kind": kind, "user": { "id": user }, "wait": wait });
    for other in [event(1, "7", 1), event(2, "8", 1)] {
        running.sandbox.dispatch("TEST", other);
    }
    for wait in [40, 20, 0] {
        running.sandbox.dispatch("TEST", event(2, "7", wait));
    }
    assert!(until(|| locked(&seen).len() == 3).await);
    assert_eq!(*locked(&seen), [40, 20, 0].map(Json::from));
    running.close().await.unwrap();
}

#[tokio::test]
async fn a_filter_that_can_never_match_is_an_error_at_startup_that_names_the_closure() {
    let sandbox = smalld_sandbox::Sandbox::start().await.unwrap();
    let on = On::event("TEST")
        .named("greets")
        .with("data.name", "greet")
        .with("/id", 7);
    let handlers = Handlers::new().on(on, |_, _| async {});
    let bot = support::builder(&sandbox).handlers(handlers);
    let error = bot.run().await.unwrap_err().to_string();
    for words in [
        "handler `greets` (smalld/tests/handlers/parameters.rs:",
        "write `/data/name`",
        "\"7\"",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(sandbox.requests().is_empty());
}

mod catching_all {
    use super::*;

    #[smalld::on_gateway_payload(op = 0, t = "READY")]
    async fn greets(bot: SmallD, payload: Json) -> smalld::Result<()> {
        let user = payload["d"]["user"]["id"].as_str();
        assert_eq!(user, bot.id(), "the id is known before the first event");
        let channels = bot
            .get(path!(
                "/guilds/{}/channels",
                payload["d"]["guilds"][0]["id"]
            ))
            .await?;
        say(
            &bot,
            channels[0]["id"].as_str().unwrap_or_default(),
            "ready",
        )
        .await
    }

    #[smalld::on("FROM_THE_FUTURE", "/list/1/name" = "second", "/n" = -3, "/yes" = true)]
    async fn filtered(bot: SmallD, d: Json) -> smalld::Result<()> {
        say(&bot, d["channel"].as_str().unwrap_or_default(), "matched").await
    }

    pub(super) const MODULE: &str = module_path!();
}

#[tokio::test]
async fn unknown_events_are_handled_and_filtered() {
    let running = Running::start(Handlers::registered().within(catching_all::MODULE)).await;
    running.says("ready").await;
    let d = |name: &str| {
        let list = json!([{ "name": "first" }, { "name": name }]);
        json!({ "channel": running.sandbox.channel_id(), "list": list, "n": -3, "yes": true })
    };
    running.sandbox.dispatch("FROM_THE_FUTURE", d("third"));
    running.sandbox.dispatch("FROM_THE_FUTURE", d("second"));
    running.says("matched").await;
    running.sandbox.dispatch("FROM_THE_FUTURE", json!(null));
    running.sandbox.dispatch("FROM_THE_FUTURE", json!([1, "x"]));
    let matched = running
        .sandbox
        .messages()
        .iter()
        .filter(|m| m["content"] == "matched")
        .count();
    assert_eq!(matched, 1);
    running.close().await.unwrap();
}
