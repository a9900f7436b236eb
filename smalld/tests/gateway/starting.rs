//! D: when sessions start. `shards.rs` has the tests with several shards.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smalld::gateway::{ShardState, Shards};
use smalld::handler::Handlers;
use smalld::source::{Delivery, Sink, Source};
use smalld::{BoxError, Error, json};
use smalld_sandbox::{Received, Sandbox};
use tokio::time::Instant;

use crate::scripted::{Reply, Scripted};
use crate::support::TIMEOUT;
use crate::test_bot::{HEARTBEAT_INTERVAL, IDENTIFY_INTERVAL, TestBot, bot_leaves, until};

const SECOND: Duration = Duration::from_secs(1);

/// Sandbox whose `/gateway/bot` returns this response.
async fn start_with_limit(total: u32, remaining: u32) -> (TestBot, Scripted) {
    let sandbox = Sandbox::start().await.unwrap();
    let limit = json!({
        "total": total, "remaining": remaining, "reset_after": 7_200_000, "max_concurrency": 1,
    });
    let answer = json!({
        "url": sandbox.gateway_url(), "shards": 1, "session_start_limit": limit,
    });
    let rest = Scripted::always(Reply::json(200, &answer)).await;
    let url = rest.url();
    let options = |builder: smalld::Builder| builder.base_url(url);
    (TestBot::start_on(sandbox, Handlers::new(), options), rest)
}

#[tokio::test(start_paused = true)]
async fn case_d4_a_refused_identify_is_retried_at_growing_intervals() {
    let mut test = TestBot::start().await;
    for seconds in [5, 10, 20] {
        let mut connection = test.identifying(HEARTBEAT_INTERVAL).await;
        connection.send(json!({ "op": 9, "d": false })).await;
        bot_leaves(connection).await;
        test.pass_backoff((SECOND * seconds).saturating_sub(SECOND / 2))
            .await;
        assert!(test.has_no_other_connection(), "{seconds}");
        test.advance(SECOND).await;
    }
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_d5_without_session_starts_the_bot_ends_and_says_when_to_start_again() {
    let (mut test, _rest) = start_with_limit(1000, 0).await;
    let ended = test.ended().await;
    let Err(Error::Gateway(error)) = ended else {
        panic!("{ended:?}")
    };
    let message = error.to_string();
    assert!(
        message.contains("all 1000") && message.contains("start again in 2 h,"),
        "{message}"
    );
    test.advance(HEARTBEAT_INTERVAL).await;
    assert!(test.has_no_other_connection());
}

#[tokio::test(start_paused = true)]
async fn case_d6_few_session_starts_are_a_warning() {
    let (test, _rest) = start_with_limit(1000, 3).await;
    let warned = || test.log.lines("3 of 1000 session starts are left");
    until(|| warned().len() == 1).await;
    assert!(warned()[0].contains("WARN"), "{:?}", warned());
}

#[tokio::test(start_paused = true)]
async fn case_d7_sessions_that_do_not_last_start_at_growing_intervals() {
    let mut test = TestBot::start().await;
    let mut connection = test.identifying(HEARTBEAT_INTERVAL).await;
    for seconds in [5, 10, 20, 40, 80] {
        connection.ready("sid", 42).await;
        test.record.wait_for(42).await;
        connection.close(4000).await;
        let mut resuming = test.resuming(42).await;
        resuming.send(json!({ "op": 9, "d": false })).await;
        bot_leaves(resuming).await;
        test.pass_backoff((SECOND * seconds).saturating_sub(SECOND / 2))
            .await;
        assert!(test.has_no_other_connection(), "{seconds}");
        test.advance(SECOND).await;
        connection = test.identifying(HEARTBEAT_INTERVAL).await;
    }
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_d7_a_session_that_lasted_ten_minutes_is_not_a_failed_start() {
    let mut test = TestBot::start().await;
    let mut connection = test.ready().await;
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    connection = test.ready().await;
    for _ in 0..16 {
        test.advance(HEARTBEAT_INTERVAL).await;
        assert!(connection.payload_of(1, TIMEOUT).await.is_some());
    }
    connection.send(json!({ "op": 9, "d": false })).await;
    bot_leaves(connection).await;
    // After two that did not last, the wait would be ten seconds.
    test.pass_backoff(IDENTIFY_INTERVAL).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_d9_the_bot_survives_an_outage_of_rest() {
    let sandbox = Sandbox::start().await.unwrap();
    let limit = json!({ "total": 9, "remaining": 9, "reset_after": 0, "max_concurrency": 1 });
    let good = json!({ "url": sandbox.gateway_url(), "shards": 1, "session_start_limit": limit });
    let times = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&times);
    let rest = Scripted::by(move |_, seen| {
        if seen.path == "/gateway/bot" {
            asked.lock().unwrap().push(Instant::now());
        }
        if asked.lock().unwrap().len() <= 12 {
            return Reply::text(500, "");
        }
        Reply::json(200, &good)
    })
    .await;
    let url = rest.url();
    let options = |builder: smalld::Builder| builder.base_url(url);
    let mut test = TestBot::start_on(sandbox, Handlers::new(), options);
    let begun = Instant::now();
    while test.sandbox.connections() == 0 {
        assert!(begun.elapsed() < SECOND * 600);
        test.advance(SECOND / 10).await;
    }
    let times = times.lock().unwrap().clone();
    let waits: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(waits.iter().all(|&wait| wait > SECOND / 2), "{waits:?}");
    assert!(waits.iter().any(|&wait| wait > SECOND * 4), "{waits:?}");
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_d9_a_page_of_a_proxy_is_not_an_answer() {
    let sandbox = Sandbox::start().await.unwrap();
    let limit = json!({ "total": 9, "remaining": 9, "reset_after": 0, "max_concurrency": 1 });
    let good = json!({ "url": sandbox.gateway_url(), "shards": 1, "session_start_limit": limit });
    let rest = Scripted::by(move |nth, _| match nth {
        0 => Reply::text(200, "<html>maintenance</html>"),
        _ => Reply::json(200, &good),
    })
    .await;
    let url = rest.url();
    let options = |builder: smalld::Builder| builder.base_url(url);
    let mut test = TestBot::start_on(sandbox, Handlers::new(), options);
    until(|| test.log.lines("asking again in").len() == 1).await;
    test.advance(SECOND * 2).await;
    let connection = test.starts_new_session().await;
    test.close(connection).await;
}

#[tokio::test(start_paused = true)]
async fn case_d9_a_401_ends_the_bot_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let rest = Scripted::always(Reply::json(
        401,
        &json!({ "message": "401: Unauthorized", "code": 0 }),
    ))
    .await;
    let url = rest.url();
    let options = |builder: smalld::Builder| builder.base_url(url);
    let mut test = TestBot::start_on(sandbox, Handlers::new(), options);
    let ended = test.ended().await;
    let Err(Error::Http(error)) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(error.response.status, 401);
    assert_eq!(rest.only().path, "/gateway/bot");
    assert!(test.has_no_other_connection());
}

#[tokio::test(start_paused = true)]
async fn the_next_shard_identifies_five_seconds_after_the_write_of_identify_ended() {
    // Too much for the buffers of a socket, so the write waits for the server.
    let padding = "x".repeat(12 << 20);
    let mut test = TestBot::start_with(Handlers::new(), |builder| {
        let builder = builder.shards(Shards::count(2));
        builder.identify(json!({ "padding": padding }))
    })
    .await;
    let mut first = test.connection().await;
    first.hello(HEARTBEAT_INTERVAL).await;
    until(|| {
        test.bot
            .shards()
            .any(|shard| shard.state() == ShardState::Identifying)
    })
    .await;
    test.advance(Duration::from_secs(10)).await;
    assert!(test.has_no_other_connection());
    // The sandbox reads no frame of that size: the write fails, and counts from then on.
    assert_eq!(first.receive(TIMEOUT).await, Received::Gone);
    first.cut();
    test.wait_for_disconnects(1).await;
    test.advance(Duration::from_secs(5)).await;
    assert!(test.has_no_other_connection());
    test.advance(Duration::from_secs(1)).await;
    drop(test.connection().await);
}

/// Delivers as many events that never end as may run at once.
struct Filler;

impl Source for Filler {
    async fn run(self, sink: Sink) -> Result<(), BoxError> {
        for _ in 0..1_000 {
            sink.deliver(Delivery::event("HANG", "{}")).await;
        }
        sink.closed().await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_hello_that_waits_for_other_handlers_does_not_delay_the_end_of_the_connection() {
    let running = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&running);
    let handlers = Handlers::new().on("HANG", move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<()>()
    });
    let timeout = Duration::from_secs(1);
    let mut test = TestBot::start_with(handlers, |builder| {
        builder.also(Filler).shutdown_timeout(timeout)
    })
    .await;
    let mut connection = test.connection().await;
    until(|| running.load(Ordering::Relaxed) == 1_000).await;
    connection.hello(HEARTBEAT_INTERVAL).await;
    test.advance(Duration::ZERO).await;
    test.bot.close();
    assert_eq!(
        connection.receive(TIMEOUT).await,
        Received::Close(Some(1000))
    );
    test.advance(timeout).await;
    test.ended().await.unwrap();
}
