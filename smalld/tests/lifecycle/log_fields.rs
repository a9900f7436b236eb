//! The log as an interface for programs: a stable target and stable fields.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::support::{Log, Running, until};
use smalld::handler::{Handlers, On};
use smalld::json;

#[tokio::test]
async fn log_events_have_shard_event_and_seq_and_handlers_log_within_their_span() {
    let log = Log::capture();
    let handlers = Handlers::new().on(On::event("EVENT").named("works"), |_, _| async {
        tokio::task::yield_now().await;
        tracing::info!(target: "my_bot", "at work");
    });
    let running = Running::start(handlers).await;
    running.sandbox.dispatch("EVENT", json!({}));
    assert!(until(|| !log.lines("at work").is_empty()).await);

    let received = log.lines("received").pop().unwrap();
    let fields = r#"shard=0 event="EVENT" seq=3"#;
    assert!(
        received.contains("DEBUG")
            && received.contains("smalld: received")
            && received.ends_with(fields),
        "{received}"
    );
    let logged = log.lines("at work").pop().unwrap();
    let span = r#"handler{handler="works" shard=0 event="EVENT" seq=3}"#;
    assert!(logged.contains(span), "{logged}");
    let begun = log.lines("session started").pop().unwrap();
    let fields = r#"shard=0 event="READY" seq=1"#;
    assert!(begun.contains("INFO") && begun.ends_with(fields), "{begun}");
    running.close().await.unwrap();
}

#[tokio::test]
async fn nothing_is_logged_at_info_for_each_event() {
    let log = Log::capture();
    let running = Running::start(Handlers::new().on("EVENT", |_, _| async {})).await;
    let lines = || {
        let debug = |line: &String| line.contains("DEBUG") || line.contains("TRACE");
        log.lines(" smalld: ")
            .iter()
            .filter(|line| !debug(line))
            .count()
    };
    let begun = || !log.lines("session started").is_empty();
    assert!(until(begun).await);
    let before = lines();
    for number in 0..50 {
        running.sandbox.dispatch("EVENT", json!(number));
    }
    assert!(until(|| log.lines("received").len() >= 50).await);
    assert_eq!(lines(), before, "{}", log.text());
    running.close().await.unwrap();
}
