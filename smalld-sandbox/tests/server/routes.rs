//! Documented routes that are not simulated, stubs, and planned rate limits.

use std::time::Duration;

use crate::common::{Answer, Rest};
use reqwest::Method;
use serde_json::json;
use smalld_sandbox::{Reply, Sandbox, Scope};

async fn sandbox() -> (Sandbox, Rest) {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    (sandbox, rest)
}

#[tokio::test]
async fn a_route_that_is_not_simulated_says_so() {
    let (sandbox, rest) = sandbox().await;
    let widget = rest
        .get(&format!("/guilds/{}/widget.png", sandbox.guild_id()))
        .await;
    assert_eq!(widget.error(), (501, Some(0)));
    let message = "the sandbox does not simulate this route; stub it with `sandbox.on(..)`";
    assert_eq!(widget.json["message"], message);
    assert_eq!(
        rest.get("/guilds/1/no/such/thing").await.error(),
        (404, Some(0))
    );
    let statuses: Vec<_> = sandbox
        .requests()
        .iter()
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses, [501, 404]);
}

#[tokio::test]
async fn a_stub_answers_instead_of_the_sandbox() {
    let (sandbox, rest) = sandbox().await;
    sandbox.on("GET", "/guilds/{guild_id}/regions", |request| {
        Reply::json(200, json!([{ "id": request.path }])).header("x-test", "1")
    });
    let regions = Answer::of_stub(rest.request(Method::GET, "/guilds/7/regions")).await;
    assert_eq!(
        (regions.status, &regions.json),
        (200, &json!([{ "id": "/guilds/7/regions" }]))
    );
    assert_eq!(regions.header("x-test"), Some("1"));
    assert_eq!(regions.header("x-ratelimit-remaining"), Some("9"));
    // Simulated routes can be stubbed, too, and so can those that do not exist.
    let typing = format!("/channels/{}/typing", sandbox.channel_id());
    sandbox.on("POST", "/channels/{}/typing", |_| Reply::error(403, 50013));
    assert_eq!(
        rest.post(&typing, &json!({})).await.error(),
        (403, Some(50013))
    );
    sandbox.on("PUT", "/newer/than/this", |request| {
        assert_eq!(request.method, "PUT");
        Reply::empty(204)
    });
    assert_eq!(rest.put("/newer/than/this").await.status, 204);
    assert_eq!(rest.get("/newer/than/this").await.status, 404);
}

#[tokio::test]
async fn a_stub_may_use_the_sandbox() {
    let (sandbox, rest) = sandbox().await;
    let sandbox = std::sync::Arc::new(sandbox);
    let inner = std::sync::Arc::downgrade(&sandbox);
    sandbox.on("POST", "/channels/{}/typing", move |_| {
        if let Some(sandbox) = inner.upgrade() {
            sandbox.say("typing!");
        }
        Reply::empty(204)
    });
    let typing = format!("/channels/{}/typing", sandbox.channel_id());
    assert_eq!(
        Answer::of(rest.request(Method::POST, &typing)).await.status,
        204
    );
    assert_eq!(sandbox.messages()[0]["content"], "typing!");
}

#[tokio::test]
async fn rate_limits_come_as_planned_or_not_at_all() {
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .start()
        .await
        .expect("started");
    let rest = Rest::new(&sandbox);
    for _ in 0..60 {
        let me = rest.get("/users/@me").await;
        assert_eq!((me.status, me.header("x-ratelimit-limit")), (200, None));
    }
    sandbox.rate_limit_next(Scope::Shared, Duration::from_millis(1500));
    let refused = rest.get("/users/@me").await;
    assert_eq!(
        (refused.status, &refused.json["retry_after"]),
        (429, &json!(1.5))
    );
    assert_eq!(refused.header("x-ratelimit-scope"), Some("shared"));
    assert_eq!(rest.get("/users/@me").await.status, 200);
}
