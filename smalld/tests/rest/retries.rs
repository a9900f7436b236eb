//! Retries: which requests are sent again, how often, and after which waits.

use std::time::{Duration, Instant};

use crate::scripted::{Reply, Scripted, within};
use smalld::rest::{Attachment, RateLimits, Request};
use smalld::{Error, SmallD, json, path};

/// The number of requests if the first response is this one and the second is a success.
async fn tries(first: Reply, request: impl Fn(&SmallD) -> Request) -> (usize, bool) {
    let server = Scripted::replies([first, Reply::ok()]).await;
    let bot = server.bot(RateLimits::Error);
    let done = within(request(&bot)).await.is_ok();
    (server.count(), done)
}

#[tokio::test]
async fn temporary_failures_are_retried_if_the_request_is_idempotent() {
    let guarded = json!({ "content": "x", "nonce": "1", "enforce_nonce": true });
    let cases = |first: fn() -> Reply| {
        let guarded = guarded.clone();
        async move {
            let get = tries(first(), |bot| bot.get("/x"));
            let put = tries(first(), |bot| bot.put("/x", json!({})));
            let delete = tries(first(), |bot| bot.delete("/x"));
            let nonce = tries(first(), |bot| bot.post("/x", &guarded));
            let asked = tries(first(), |bot| bot.post("/x", json!({})).retry(true));
            let (get, put, delete, nonce, asked) = tokio::join!(get, put, delete, nonce, asked);
            assert_eq!([get, put, delete, nonce, asked], [(2, true); 5]);
            let post = tries(first(), |bot| bot.post("/x", json!({})));
            let patch = tries(first(), |bot| bot.patch("/x", json!({})));
            let never = tries(first(), |bot| bot.get("/x").retry(false));
            let (post, patch, never) = tokio::join!(post, patch, never);
            assert_eq!([post, patch, never], [(1, false); 3]);
        }
    };
    tokio::join!(
        cases(|| Reply::text(500, "")),
        cases(|| Reply::fixture("error_502_html")),
        cases(|| Reply::fixture("error_503_empty")),
        cases(|| Reply::fixture("error_504_upstream")),
        cases(|| Reply::text(522, "")),
        cases(Reply::dropped),
    );
}

#[tokio::test]
async fn what_is_an_answer_is_not_tried_again() {
    for status in [400, 401, 403, 404, 405, 409, 413, 501] {
        let tried = tries(Reply::text(status, ""), |bot| bot.get("/x")).await;
        assert_eq!(tried, (1, false), "{status}");
    }
}

#[tokio::test]
async fn a_request_that_cannot_have_arrived_is_retried_whatever_its_method() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/v10", listener.local_addr().unwrap());
    drop(listener);
    let bot = SmallD::builder()
        .token("a.b.c")
        .base_url(url)
        .build()
        .unwrap();
    let begun = Instant::now();
    let post = bot.post("/x", json!({})).timeout(Duration::from_secs(2));
    let error = within(post).await.unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error:?}");
    // One second and a part of another: the next wait would exceed the timeout.
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_failure_that_no_limit_lets_repeat_is_the_error() {
    let failed = Reply::fixture("error_502_html").limits("g 5/0 30");
    let server = Scripted::always(failed).await;
    let error = within(server.bot(RateLimits::Error).get("/channels/1")).await;
    assert!(matches!(error, Err(Error::Http(_))), "{error:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn an_interaction_response_is_retried_once_within_its_three_seconds() {
    let answer = |bot: &SmallD| {
        let callback = path!("/interactions/{}/{}/callback", 1, "token");
        bot.post(callback, json!({ "type": 5 }))
    };
    let begun = Instant::now();
    let failed = || Reply::fixture("error_502_html");
    assert_eq!(tries(failed(), answer).await, (2, true));
    assert!(begun.elapsed() < Duration::from_millis(900));

    let server = Scripted::always(failed()).await;
    let error = within(answer(&server.bot(RateLimits::Wait))).await;
    assert!(matches!(error, Err(Error::Http(_))), "{error:?}");
    assert_eq!(server.count(), 2);

    for (retry_after, most) in [(0.05, 2), (30.0, 1)] {
        let server = Scripted::always(Reply::too_many(retry_after)).await;
        let error = within(answer(&server.bot(RateLimits::Wait))).await;
        assert!(matches!(error, Err(Error::RateLimit(_))), "{error:?}");
        assert_eq!(server.count(), most);
    }
}

#[tokio::test]
async fn each_attempt_sends_the_whole_body_again() {
    let opened = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&opened);
    let reader = Attachment::reader("log.txt", "text/plain", move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async { Ok(&b"what was read"[..]) }
    });
    let limited = Reply::too_many(0.02).limits("m 5/0 0.02");
    let server = Scripted::replies([limited.clone(), limited, Reply::ok()]).await;
    let bot = server.bot(RateLimits::Wait);
    let request = bot.post("/channels/1/messages", json!({ "content": "x" }));
    within(request.attachment(reader)).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for seen in seen {
        let parts = seen.parts();
        assert_eq!(parts[0].body, br#"{"content":"x"}"#);
        assert_eq!(parts[1].body, b"what was read");
    }
    assert_eq!(opened.load(std::sync::atomic::Ordering::Relaxed), 3);
}
