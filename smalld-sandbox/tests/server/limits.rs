//! The limits of IDENTIFY, and what `/gateway/bot` says about them.

use std::time::Duration;

use crate::common::{Gateway, Received, Rest, TIMEOUT, identify, resume, without_identify_limit};
use serde_json::{Value, json};
use smalld_sandbox::{Builder, Happening, Sandbox};

async fn start(builder: Builder) -> Sandbox {
    builder.start().await.expect("started")
}

/// Whether a session begins; the only other answer is opcode 9.
async fn begins(sandbox: &Sandbox, shard: u64) -> bool {
    let mut gateway = Gateway::greeted(sandbox).await;
    let mut payload = identify(sandbox.token(), 0);
    payload["d"]["shard"] = json!([shard, 100]);
    gateway.send(&payload).await;
    let answer = gateway.payload().await;
    match answer["op"].as_u64() {
        Some(0) => true,
        Some(9) if answer["d"] == false => false,
        _ => panic!("{answer}"),
    }
}

async fn start_limit(sandbox: &Sandbox) -> Value {
    Rest::new(sandbox).get("/gateway/bot").await.json
}

#[tokio::test]
async fn gateway_bot_has_the_chosen_limits_and_what_is_left() {
    let usual = Sandbox::start().await.expect("started");
    let told = start_limit(&usual).await;
    let expected = json!({
        "url": usual.gateway_url(), "shards": 1,
        "session_start_limit": {
            "total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1,
        },
    });
    assert_eq!(told, expected);
    let builder = Sandbox::builder().shards(32).max_concurrency(16);
    let large = start(builder.session_starts(2000).session_starts_spent(1990)).await;
    assert!(begins(&large, 0).await);
    let told = start_limit(&large).await;
    assert_eq!(told["shards"], 32);
    let limit = &told["session_start_limit"];
    assert_eq!(
        (&limit["total"], &limit["remaining"]),
        (&json!(2000), &json!(9))
    );
    assert_eq!(limit["max_concurrency"], 16);
    assert!(
        limit["reset_after"]
            .as_u64()
            .is_some_and(|left| left <= 86_400_000)
    );
}

#[tokio::test]
async fn one_group_of_shards_identifies_once_in_a_window() {
    let sandbox = start(Sandbox::builder().max_concurrency(2)).await;
    assert!(begins(&sandbox, 0).await);
    assert!(begins(&sandbox, 1).await);
    assert!(!begins(&sandbox, 2).await);
    assert_eq!(
        (sandbox.identifies(), sandbox.too_early_identifies()),
        (2, 1)
    );
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert!(begins(&sandbox, 2).await);
    let times = sandbox.identify_times();
    let shards: Vec<u64> = times.iter().map(|(shard, _)| *shard).collect();
    assert_eq!(shards, [0, 1, 2, 2]);
    assert!(times[3].1 - times[0].1 >= Duration::from_secs(5));
}

#[tokio::test]
async fn nothing_is_too_early_without_a_window_or_for_a_resume() {
    let sandbox = without_identify_limit().await;
    for _ in 0..3 {
        assert!(begins(&sandbox, 0).await);
    }
    let sandbox = Sandbox::start().await.expect("started");
    let (_first, ready) = Gateway::ready(&sandbox, 0).await;
    let mut gateway = Gateway::greeted(&sandbox).await;
    let payload = resume(sandbox.token(), &ready["session_id"], 1);
    gateway.send(&payload).await;
    gateway.dispatch("RESUMED").await;
}

#[tokio::test]
async fn a_wrong_identify_is_not_counted() {
    let sandbox = start(Sandbox::builder().granted_intents(0).session_starts(1)).await;
    for (token, intents, code) in [("wrong", 0, 4004), (sandbox.token(), 2, 4014)] {
        let mut gateway = Gateway::greeted(&sandbox).await;
        gateway.send(&identify(token, intents)).await;
        assert_eq!(gateway.closed().await, Some(code));
    }
    assert!(sandbox.identify_times().is_empty());
    assert!(begins(&sandbox, 0).await);
}

#[tokio::test]
async fn exceeding_the_session_starts_ends_all_sessions_and_voids_the_token() {
    let builder = Sandbox::builder().identify_window(Duration::ZERO);
    let sandbox = start(builder.session_starts(2)).await;
    let mut happenings = sandbox.subscribe();
    let (mut first, ready) = Gateway::ready(&sandbox, 0).await;
    assert!(begins(&sandbox, 0).await);
    assert!(!sandbox.token_was_reset());

    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&identify(sandbox.token(), 0)).await;
    assert!(matches!(
        gateway.receive().await,
        Received::Closed(Some(4004))
    ));
    assert!(matches!(
        first.receive().await,
        Received::Closed(Some(4004))
    ));
    assert!(sandbox.token_was_reset());

    for payload in [
        identify(sandbox.token(), 0),
        resume(sandbox.token(), &ready["session_id"], 1),
    ] {
        let mut gateway = Gateway::greeted(&sandbox).await;
        gateway.send(&payload).await;
        assert_eq!(gateway.closed().await, Some(4004));
    }
    let rest = Rest::new(&sandbox);
    assert_eq!(rest.get("/users/@me").await.error(), (401, Some(0)));
    assert_eq!(rest.get("/gateway").await.status, 200);
    let told = tokio::time::timeout(TIMEOUT, async {
        while let Some(happening) = happenings.next().await {
            if matches!(happening, Happening::TokenReset) {
                return true;
            }
        }
        false
    });
    assert!(told.await.expect("told in time"));
}
