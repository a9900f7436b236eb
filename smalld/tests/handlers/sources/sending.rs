//! `bot.send_gateway_payload` of a bot whose events come from a source.

use std::sync::{Arc, Mutex};

use super::*;
use crate::support;
use smalld::gateway::Shards;
use smalld::{Error, Json, json};
use smalld_sandbox::Sandbox;

fn presence() -> Json {
    json!({ "op": 3, "d": { "since": null, "activities": [], "status": "idle", "afk": false } })
}

/// A source that runs until the bot stops, with this router.
fn with_router(router: Router) -> impl Source {
    FromFn {
        run: async |sink: Sink| {
            sink.closed().await;
            Ok(())
        },
        router: Some(router),
    }
}

#[tokio::test(start_paused = true)]
async fn payloads_go_through_the_first_router_whether_the_bot_runs_or_not() {
    let routed = Arc::new(Mutex::new(Vec::new()));
    let recording = |name: &'static str| {
        let routed = Arc::clone(&routed);
        Router::new(move |payload| {
            routed.lock().unwrap().push((name, payload));
            async { Ok(()) }
        })
    };
    let (sinks, sink) = oneshot::channel();
    let bot = alone(Handlers::new())
        .source(open(sinks))
        .source(with_router(recording("first")))
        .source(with_router(recording("second")))
        .build()
        .unwrap();
    bot.send_gateway_payload(presence()).await.unwrap();
    let task = run(&bot);
    sink.await.unwrap();
    bot.send_gateway_payload(presence()).await.unwrap();
    bot.close();
    ended(task).await.unwrap();
    bot.send_gateway_payload(presence()).await.unwrap();
    let too_long = json!({ "op": 3, "d": "x".repeat(5_000) });
    let error = bot.send_gateway_payload(too_long).await.unwrap_err();
    assert!(matches!(error, Error::Gateway(_)), "{error}");
    let routed = routed.lock().unwrap();
    assert_eq!(*routed, [(); 3].map(|()| ("first", presence())));
}

#[tokio::test]
async fn the_error_of_a_router_is_returned() {
    let of_its_own = Router::new(|_| async { Err("nobody listens".into()) });
    let of_smalld = Router::new(|_| async {
        let error = Delivery::payload("[]").unwrap_err();
        Err(error.into())
    });
    let sent = async |router| {
        let bot = alone(Handlers::new()).source(with_router(router));
        let bot = bot.build().unwrap();
        bot.send_gateway_payload(presence()).await.unwrap_err()
    };
    let error = sent(of_its_own).await;
    assert_eq!(
        format!("{error:?}"),
        "the gateway payload was not sent: the router of the source of events failed: nobody listens"
    );
    let error = sent(of_smalld).await;
    assert!(matches!(error, Error::Json(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn without_a_router_sending_is_an_error_at_once() {
    let (sinks, sink) = oneshot::channel();
    let bot = alone(Handlers::new()).source(open(sinks)).build().unwrap();
    let fails = async |bot: &SmallD| {
        let begin = tokio::time::Instant::now();
        let error = bot.send_gateway_payload(presence()).await.unwrap_err();
        assert!(error.to_string().contains("has no router"), "{error}");
        assert_eq!(begin.elapsed(), Duration::ZERO);
    };
    fails(&bot).await;
    let task = run(&bot);
    sink.await.unwrap();
    fails(&bot).await;
    bot.close();
    ended(task).await.unwrap();
    fails(&bot).await;
}

#[tokio::test(start_paused = true)]
async fn a_payload_of_a_bot_that_never_runs_is_an_error_after_a_minute() {
    let bot = alone(Handlers::new()).build().unwrap();
    let begin = tokio::time::Instant::now();
    let error = bot.send_gateway_payload(presence()).await.unwrap_err();
    assert!(error.to_string().contains("is not running"), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 60);
    bot.close();
    bot.send_gateway_payload(presence()).await.unwrap_err();
    assert_eq!(begin.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_payload_of_a_shard_whose_bot_never_runs_is_an_error_after_a_minute() {
    let bot = alone(Handlers::new()).shards(Shards::count(1));
    let bot = bot.build().unwrap();
    let shard = bot.shards().next().unwrap();
    let begin = tokio::time::Instant::now();
    let sending = timeout(TIMEOUT * 10, shard.send_gateway_payload(presence()));
    let error = sending.await.expect("a limit").unwrap_err();
    assert!(error.to_string().contains("is not running"), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_payload_of_a_shard_waits_longer_for_a_bot_that_runs() {
    // Nobody answers there, so the bot asks again and again.
    let bot = alone(Handlers::new()).shards(Shards::count(1));
    let bot = bot.build().unwrap();
    let shard = bot.shards().next().unwrap();
    let task = run(&bot);
    let sending = timeout(TIMEOUT * 10, shard.send_gateway_payload(presence()));
    assert!(sending.await.is_err(), "it waits for the connection");
    bot.close();
    ended(task).await.unwrap();
}

#[tokio::test]
async fn a_payload_waits_for_a_bot_that_begins_to_run() {
    let sandbox = Sandbox::start().await.unwrap();
    let bot = support::builder(&sandbox).handlers(Handlers::new());
    let bot = bot.build().unwrap();
    let sending = tokio::spawn({
        let bot = bot.clone();
        async move { bot.send_gateway_payload(presence()).await }
    });
    tokio::task::yield_now().await;
    let task = run(&bot);
    timeout(TIMEOUT, sending).await.unwrap().unwrap().unwrap();
    bot.close();
    ended(task).await.unwrap();
    let sent = bot.send_gateway_payload(presence());
    timeout(TIMEOUT, sent).await.unwrap().unwrap_err();
}
