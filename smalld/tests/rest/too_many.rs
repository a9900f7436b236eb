//! 429, 401, 403 and bans over HTTP, in both modes. Tests named `case_NN` are cases of
//! `CONFORMANCE.md`.

use std::time::{Duration, Instant};

use crate::scripted::{Gate, Reply, Scripted, TIMEOUT, limited, post, within};
use smalld::error::{RateLimitError, RateLimitScope};
use smalld::rest::RateLimits;
use smalld::{Error, json, path};

/// In whole seconds.
fn rounded(error: &RateLimitError) -> u64 {
    (error.retry_after + Duration::from_millis(500)).as_secs()
}

#[tokio::test]
async fn case_23_a_429_is_waited_for_or_an_error() {
    let refused = || Reply::fixture("rate_429_user");
    let server = Scripted::replies([refused(), Reply::ok()]).await;
    let begun = Instant::now();
    within(post(&server.bot(RateLimits::Wait), 1))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(731));
    let seen = server.seen();
    assert_eq!((seen.len(), &seen[0].body), (2, &seen[1].body));

    let server = Scripted::always(refused()).await;
    let error = limited(within(post(&server.bot(RateLimits::Error), 1)).await);
    assert_eq!(server.count(), 1);
    assert_eq!(error.scope, RateLimitScope::User);
    let bucket = error.bucket.as_deref();
    assert_eq!(bucket, Some("b5f1c0d2e3a4958677605f4e3d2c1b0a"));
    let seconds = error.retry_after.as_secs_f64();
    assert!((0.7..0.8).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn case_24_a_global_429_stops_everything_but_webhooks() {
    for mode in [RateLimits::Error, RateLimits::Wait] {
        let server = Scripted::replies([Reply::fixture("rate_429_global"), Reply::ok()]).await;
        let bot = server.bot(mode);
        let begun = Instant::now();
        let first = tokio::spawn(bot.get("/users/@me"));
        server.wait_for(1).await;
        let first = match mode {
            RateLimits::Error => {
                let error = limited(within(first).await.unwrap());
                assert_eq!((error.scope, error.global), (RateLimitScope::Global, true));
                assert!(error.to_string().contains("globally"), "{error}");
                limited(within(post(&bot, 1)).await);
                None
            }
            _ => Some(first),
        };
        let follow_up = bot.post(path!("/webhooks/{}/{}", 7, "token"), json!({}));
        within(follow_up).await.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(400));
        if let Some(first) = first {
            within(first).await.unwrap().unwrap();
            assert!(begun.elapsed() >= Duration::from_millis(404));
        }
    }
}

#[tokio::test]
async fn case_25_a_shared_limit_is_an_error_if_the_wait_is_too_long() {
    for mode in [RateLimits::Error, RateLimits::Wait] {
        let server = Scripted::always(Reply::fixture("rate_429_shared")).await;
        let bot = server.bot(mode);
        let rename = || {
            bot.patch("/channels/1", json!({ "name": "x" }))
                .timeout(TIMEOUT)
        };
        for _ in 0..2 {
            let error = limited(within(rename()).await);
            assert_eq!((error.scope, error.global), (RateLimitScope::Shared, false));
            assert!(error.retry_after > Duration::from_secs(1336), "{error}");
            assert_eq!(error.bucket.as_deref(), Some("9852e1a53c06fixture"));
        }
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn case_26_a_sub_limit_closes_its_route_alone() {
    let server = Scripted::replies([Reply::fixture("rate_429_sub_limit"), Reply::ok()]).await;
    let bot = server.bot(RateLimits::Error);
    let rename = || bot.patch("/channels/1", json!({ "name": "x" }));
    limited(within(rename()).await);
    let error = limited(within(rename()).await);
    assert!(error.retry_after > Duration::from_secs(581), "{error}");
    assert_eq!(error.scope, RateLimitScope::User);
    within(bot.get("/channels/1")).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn case_27_a_429_with_only_a_body_is_a_limit_of_its_route() {
    let body = json!({ "message": "x", "retry_after": 0.1, "global": false });
    let refused = Reply::json(429, &body).header("via", "1.1 google");
    let server = Scripted::replies([refused, Reply::ok()]).await;
    let begun = Instant::now();
    within(post(&server.bot(RateLimits::Wait), 1))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn case_28_the_header_counts_if_the_body_has_no_time() {
    let refused = Reply::json(429, &json!({})).header("retry-after", "3");
    let server = Scripted::always(refused).await;
    let error = limited(within(post(&server.bot(RateLimits::Error), 1)).await);
    assert_eq!(rounded(&error), 3);
}

#[tokio::test]
async fn case_29_a_ban_without_a_time_is_a_clear_error_in_both_modes() {
    for mode in [RateLimits::Error, RateLimits::Wait] {
        let server = Scripted::always(Reply::fixture("rate_429_cloudflare_text")).await;
        let bot = server.bot(mode);
        for _ in 0..2 {
            let error = limited(within(bot.get("/users/@me")).await);
            assert_eq!((error.scope, error.global), (RateLimitScope::Address, true));
            assert!(error.retry_after > Duration::from_secs(59), "{error}");
            assert!(error.to_string().contains("address is banned"), "{error}");
        }
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn case_30_a_ban_fails_waiting_requests_and_interactions() {
    let (first, ban) = (Gate::default(), Gate::default());
    let (one, two) = (first.clone(), ban.clone());
    let server = Scripted::by(move |nth, _| match nth {
        0 => Reply::ok().limits("m 2/0 900").behind(&one),
        _ => Reply::fixture("rate_429_cloudflare_html").behind(&two),
    })
    .await;
    let bot = server.bot(RateLimits::Wait);
    first.open();
    within(post(&bot, 1)).await.unwrap();
    let waiting = tokio::spawn(post(&bot, 1));
    let under_way = tokio::spawn(bot.get("/users/@me"));
    server.wait_for(2).await;
    ban.open();
    for pending in [under_way, waiting] {
        let error = limited(within(pending).await.unwrap());
        assert_eq!(error.scope, RateLimitScope::Address);
        assert!(error.retry_after > Duration::from_secs(2699), "{error}");
    }
    let callback = path!("/interactions/{}/{}/callback", 1, "token");
    limited(within(bot.post(callback, json!({ "type": 1 }))).await);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_proxys_page_with_a_short_retry_after_is_waited_for() {
    let page = || {
        Reply::text(429, "<html><h1>Too Many Requests</h1></html>")
            .header("content-type", "text/html")
            .header("retry-after", "1")
    };
    let server = Scripted::replies([page(), Reply::ok()]).await;
    let begun = Instant::now();
    within(server.bot(RateLimits::Wait).get("/users/@me"))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));

    let server = Scripted::always(page()).await;
    let error = limited(within(server.bot(RateLimits::Error).get("/users/@me")).await);
    assert_eq!((error.scope, error.global), (RateLimitScope::Global, true));
    assert!(!error.to_string().contains("banned"), "{error}");
}

#[tokio::test]
async fn case_31_the_error_has_discords_code() {
    let server = Scripted::always(Reply::fixture("rate_429_with_code")).await;
    let error = limited(within(post(&server.bot(RateLimits::Error), 1)).await);
    assert_eq!(error.code, Some(20_028));
    assert_eq!(error.scope, RateLimitScope::Shared);
    let text = error.to_string();
    assert!(text.contains("20028: The write action"), "{text}");
}

#[tokio::test]
async fn case_32_five_retries_are_enough() {
    let server = Scripted::always(Reply::too_many(0.01).limits("m 5/0 0.01")).await;
    let bot = server.bot(RateLimits::Wait);
    limited(within(post(&bot, 1)).await);
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn case_35_a_401_is_the_last_request_with_this_token() {
    for mode in [RateLimits::Error, RateLimits::Wait, RateLimits::Off] {
        let server = Scripted::by(|_, seen| match seen.header("authorization") {
            Some(_) => Reply::fixture("error_401"),
            None => Reply::ok(),
        })
        .await;
        let bot = server.bot(mode);
        let first = within(bot.get("/users/@me")).await.unwrap_err();
        let Error::Http(first) = first else {
            panic!("{first:?}")
        };
        assert_eq!(first.response.status, 401);
        let second = within(post(&bot, 1)).await.unwrap_err();
        assert!(matches!(second, Error::Config(_)), "{second:?}");
        assert!(second.to_string().contains("401"), "{second}");
        assert_eq!(server.count(), 1, "{mode:?}");
        let webhook = path!("/webhooks/{}/{}", 7, "token");
        within(bot.post(webhook, json!({}))).await.unwrap();
        let bearer = bot.get("/users/@me").header("authorization", "Bearer x");
        let error = within(bearer).await.unwrap_err();
        assert!(matches!(error, Error::Http(_)), "{error:?}");
    }
}

#[tokio::test]
async fn case_36_a_403_is_an_error_and_is_not_retried() {
    let server = Scripted::always(Reply::fixture("error_403_50013")).await;
    let bot = server.bot(RateLimits::Wait);
    for channel in 0..3 {
        let error = within(post(&bot, channel)).await.unwrap_err();
        let Error::Http(error) = error else {
            panic!("{error:?}")
        };
        assert_eq!((error.response.status, error.code), (403, Some(50013)));
    }
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn case_37_a_webhook_that_is_gone_is_not_called_again() {
    let gone = json!({ "message": "Unknown Webhook", "code": 10015 });
    for mode in [RateLimits::Error, RateLimits::Wait, RateLimits::Off] {
        let server = Scripted::always(Reply::json(404, &gone)).await;
        let bot = server.bot(mode);
        let call = |token| within(bot.post(path!("/webhooks/{}/{}", 7, token), json!({})));
        for _ in 0..3 {
            let Err(Error::Http(error)) = call("tokA").await else {
                panic!("not refused")
            };
            assert_eq!((error.response.status, error.code), (404, Some(10015)));
            assert_eq!(error.path, "/webhooks/7/***");
        }
        assert_eq!(server.count(), 1);
        call("tokB").await.unwrap_err();
        assert_eq!(server.count(), 2);
        // The limit of an interaction is unknown until it is answered.
        for count in [3, 4] {
            call("aW50ZXJhY3Rpb246MTUx").await.unwrap_err();
            assert_eq!(server.count(), count);
        }
    }
}

#[tokio::test]
async fn case_39_a_wait_beyond_the_timeout_is_an_error_at_once() {
    let server = Scripted::always(Reply::too_many(30.0).limits("m 5/0 30")).await;
    let bot = server.bot(RateLimits::Wait);
    let begun = Instant::now();
    for _ in 0..2 {
        let error = limited(within(post(&bot, 1).timeout(Duration::from_secs(5))).await);
        assert!(error.retry_after > Duration::from_secs(29), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(server.count(), 1);
}
