//! Buckets, clocks and the rest over HTTP, byte for byte. Tests named `case_NN` are cases of
//! `CONFORMANCE.md`.

use std::time::{Duration, Instant};

use crate::scripted::{Gate, Reply, Scripted, limited, post, within};
use smalld::error::{RateLimitError, RateLimitScope};
use smalld::rest::RateLimits;
use smalld::{Error, SmallD, json, path};
use tokio::time::timeout;

/// In whole seconds.
fn rounded(error: &RateLimitError) -> u64 {
    (error.retry_after + Duration::from_millis(500)).as_secs()
}

#[tokio::test]
async fn case_02_both_modes_break_no_known_limit() {
    let server = Scripted::replies([
        Reply::ok().limits("m 2/1 0.3"),
        Reply::ok().limits("m 2/0 0.3"),
        Reply::ok().limits("m 2/1 0.3"),
    ])
    .await;
    let bot = server.bot(RateLimits::Error);
    let begun = Instant::now();
    within(post(&bot, 1)).await.unwrap();
    within(post(&bot, 1)).await.unwrap();
    let error = limited(within(post(&bot, 1)).await);
    assert_eq!(server.count(), 2, "nothing was sent");
    assert_eq!(error.bucket.as_deref(), Some("m"));
    assert_eq!((error.scope, error.global), (RateLimitScope::User, false));
    assert!(error.retry_after > Duration::from_millis(200), "{error:?}");
    assert!(error.reset > std::time::SystemTime::now());
    assert_eq!(&*error.subject, "POST /channels/1/messages");
    within(post(&bot, 1).rate_limits(RateLimits::Wait))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn case_04_while_the_first_response_is_in_flight_other_requests_wait_in_both_modes() {
    for mode in [RateLimits::Error, RateLimits::Wait] {
        let gate = Gate::default();
        let first = Reply::ok().limits("m 5/4 9").behind(&gate);
        let server = Scripted::replies([first, Reply::ok().limits("m 5/3 9")]).await;
        let bot = server.bot(mode);
        let sent: Vec<_> = (0..5).map(|_| tokio::spawn(post(&bot, 1))).collect();
        server.wait_for(1).await;
        // A request to another channel overtakes them. When it has ended, they have had time to be
        // sent by mistake.
        within(post(&bot, 2)).await.unwrap();
        assert_eq!(server.count(), 2, "{mode:?}");
        gate.open();
        for sent in sent {
            within(sent).await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn case_05_responses_without_limits_delay_no_request() {
    let server = Scripted::always(Reply::fixture("success_without_rate_headers")).await;
    let bot = server.bot(RateLimits::Error);
    within(bot.get("/voice/regions")).await.unwrap();
    let sent: Vec<_> = (0..20)
        .map(|_| tokio::spawn(bot.get("/voice/regions")))
        .collect();
    for sent in sent {
        within(sent).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn case_08_a_cancelled_request_takes_nothing_and_blocks_no_other() {
    let gate = Gate::default();
    let first = Reply::ok().limits("m 2/1 9").behind(&gate);
    let server = Scripted::replies([first, Reply::ok().limits("m 2/0 9")]).await;
    let bot = server.bot(RateLimits::Wait);
    let first = tokio::spawn(post(&bot, 1));
    server.wait_for(1).await;
    let cancelled = timeout(Duration::from_millis(20), post(&bot, 1)).await;
    assert!(cancelled.is_err());
    let second = tokio::spawn(post(&bot, 1));
    gate.open();
    within(first).await.unwrap().unwrap();
    within(second).await.unwrap().unwrap();
}

#[tokio::test]
async fn case_13_the_query_is_not_part_of_a_route() {
    let server = Scripted::always(Reply::ok().limits("g 1/0 30")).await;
    let bot = server.bot(RateLimits::Error);
    within(bot.get("/channels/1/messages").param("limit", 1))
        .await
        .unwrap();
    limited(within(bot.get("/channels/1/messages?limit=100")).await);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn case_22_interactions_are_answered_at_once_in_both_modes() {
    for mode in [RateLimits::Error, RateLimits::Wait] {
        let gate = Gate::default();
        let reply = Reply::fixture("interaction_callback_204").behind(&gate);
        let server = Scripted::always(reply).await;
        let bot = server.bot(mode);
        let answers: Vec<_> = (0..120)
            .map(|id| {
                let path = path!("/interactions/{id}/{}/callback", "token");
                tokio::spawn(bot.post(path, json!({ "type": 5 })))
            })
            .collect();
        server.wait_for(120).await;
        gate.open();
        for answer in answers {
            assert!(within(answer).await.unwrap().unwrap().is_null());
        }
    }
}

#[tokio::test]
async fn an_unforeseen_wait_ends_with_the_timeout() {
    let gate = Gate::default();
    let server = Scripted::always(Reply::ok().behind(&gate)).await;
    let bot = server.bot(RateLimits::Wait);
    let _first = tokio::spawn(post(&bot, 1));
    server.wait_for(1).await;
    let error = within(post(&bot, 1).timeout(Duration::from_millis(30)))
        .await
        .unwrap_err();
    let Error::Network(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.kind, smalld::error::NetworkErrorKind::Timeout);
    assert!(!error.may_have_arrived);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn case_44_names_of_headers_come_in_any_case() {
    for (limit, remaining, after) in [
        (
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset-after",
        ),
        (
            "X-RATELIMIT-LIMIT",
            "X-Ratelimit-Remaining",
            "X-RateLimit-Reset-After",
        ),
    ] {
        let reply = Reply::ok()
            .header(limit, "5")
            .header(remaining, "0")
            .header(after, "30");
        let server = Scripted::always(reply).await;
        let bot = server.bot(RateLimits::Error);
        within(post(&bot, 1)).await.unwrap();
        limited(within(post(&bot, 1)).await);
    }
}

#[tokio::test]
async fn case_49_after_a_proxys_page_a_retry_passes_the_limiter() {
    let page = || Reply::fixture("error_502_html");
    let server = Scripted::replies([page(), Reply::ok().limits("g 5/4 9")]).await;
    let begun = Instant::now();
    within(server.bot(RateLimits::Error).get("/channels/1"))
        .await
        .unwrap();
    assert_eq!(server.count(), 2);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    // The POST may have been executed, so it is not retried.
    let server = Scripted::always(page()).await;
    let Err(Error::Http(error)) = within(post(&server.bot(RateLimits::Error), 1)).await else {
        panic!("not refused")
    };
    assert_eq!((error.response.status, server.count()), (502, 1));
    assert!(error.response.text().contains("502 Bad Gateway"));
}

#[tokio::test]
async fn case_50_a_failure_with_headers_counts() {
    let failed = Reply::fixture("error_500_json").limits("m 5/0 30");
    let server = Scripted::always(failed).await;
    let bot = server.bot(RateLimits::Error);
    let error = within(post(&bot, 1)).await.unwrap_err();
    assert!(matches!(error, Error::Http(_)), "{error:?}");
    limited(within(post(&bot, 1)).await);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn case_51_a_timeout_gives_the_place_back() {
    let gate = Gate::default();
    let lost = Reply::ok().behind(&gate);
    let server = Scripted::replies([lost, Reply::ok().limits("m 5/4 9")]).await;
    let bot = server.bot(RateLimits::Error);
    let error = within(post(&bot, 1).timeout(Duration::from_millis(50)))
        .await
        .unwrap_err();
    let Error::Network(error) = error else {
        panic!("{error:?}")
    };
    assert!(error.may_have_arrived);
    assert_eq!(server.count(), 1, "a POST is not sent twice");
    within(post(&bot, 1)).await.unwrap();
}

#[tokio::test]
async fn case_52_a_search_that_is_not_ready_is_a_response() {
    let server = Scripted::always(Reply::fixture("search_not_indexed_202")).await;
    let bot = server.bot(RateLimits::Wait);
    let search = || bot.get("/guilds/1/messages/search?content=map");
    let response = within(search().response()).await.unwrap();
    assert_eq!(response.status, 202);
    let body = within(search()).await.unwrap();
    assert_eq!(
        (&body["code"], &body["retry_after"]),
        (&json!(110_000), &json!(2))
    );
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn case_53_a_base_url_of_a_retired_version_is_refused() {
    for version in ["v6", "v7"] {
        let url = format!("https://discord.com/api/{version}");
        let bot = SmallD::builder().token("a.b.c").base_url(url).build();
        let error = bot.unwrap_err();
        assert!(error.to_string().contains("/api/v10"), "{error}");
    }
    // In version 10 it is seconds.
    let server = Scripted::always(Reply::too_many(731.0)).await;
    let error = limited(within(post(&server.bot(RateLimits::Error), 1)).await);
    assert!(error.retry_after > Duration::from_secs(700), "{error}");
}

#[tokio::test]
async fn case_54_two_bots_of_one_token_count_apart_and_clones_together() {
    let server = Scripted::always(Reply::ok().limits("m 1/0 30")).await;
    let (one, other) = (server.bot(RateLimits::Error), server.bot(RateLimits::Error));
    within(post(&one, 1)).await.unwrap();
    limited(within(post(&one.clone(), 1)).await);
    within(post(&other, 1)).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn with_limits_off_everything_is_sent_and_a_429_is_an_error() {
    let refused = Reply::too_many(5.0).limits("m 1/0 5");
    let server = Scripted::replies([Reply::ok().limits("m 1/0 30"), refused]).await;
    let bot = server.bot(RateLimits::Off);
    within(post(&bot, 1)).await.unwrap();
    for count in [2, 3] {
        let error = limited(within(post(&bot, 1)).await);
        assert_eq!(error.bucket.as_deref(), Some("m"));
        assert_eq!(rounded(&error), 5);
        assert_eq!(server.count(), count);
    }
}
