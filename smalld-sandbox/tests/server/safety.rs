//! What the sandbox refuses to others than the bot under test, and the bounds of what it keeps.

use crate::common::{Answer, Gateway, Rest, TIMEOUT, client, general_url, identify};
use reqwest::Method;
use serde_json::json;
use smalld_sandbox::Sandbox;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const AGENT: &str = "DiscordBot (https://example.org, 1)";

/// The status with which an upgrade that carries this header is refused.
async fn refused_upgrade(url: &str, name: &'static str, value: &'static str) -> u16 {
    let url = format!("{url}/?v=10&encoding=json");
    let mut request = url.into_client_request().expect("a request");
    let value = value.parse().expect("a value");
    request.headers_mut().insert(name, value);
    match connect_async(request).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn web_pages_of_other_sites_are_refused() {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("host", "evil.example"),
    ] {
        let request = rest.request(Method::GET, "/users/@me").header(name, value);
        assert_eq!(Answer::of(request).await.status, 403, "{name}: {value}");
        for url in [&general_url(&sandbox)[..], sandbox.resume_gateway_url()] {
            assert_eq!(
                refused_upgrade(url, name, value).await,
                403,
                "{name}: {value}"
            );
        }
    }
    let url = sandbox.base_url().replace("/api/v10", "/attachments/1/2/x");
    let file = client("").get(url).header("origin", "https://evil.example");
    assert_eq!(Answer::of(file).await.status, 403);
    assert!(sandbox.requests().is_empty());
    assert_eq!(
        (sandbox.connections(), sandbox.refused_connections()),
        (0, 0)
    );
}

#[tokio::test]
async fn our_own_origin_and_other_names_of_the_loopback_are_served() {
    let sandbox = Sandbox::start().await.expect("started");
    let rest = Rest::new(&sandbox);
    let own = sandbox.base_url().strip_suffix("/api/v10").expect("a base");
    let from_page = rest
        .request(Method::GET, "/users/@me")
        .header("origin", own);
    assert_eq!(Answer::of(from_page).await.status, 200);
    let by_name = rest
        .request(Method::GET, "/users/@me")
        .header("host", "localhost:1");
    assert_eq!(Answer::of(by_name).await.status, 200);
}

#[tokio::test]
async fn a_body_without_the_token_is_not_kept() {
    let sandbox = Sandbox::start().await.expect("started");
    let path = format!("/channels/{}/messages", sandbox.channel_id());
    let body = json!({ "content": "x".repeat(1 << 20) });
    let request = client(AGENT)
        .post(format!("{}{path}", sandbox.base_url()))
        .header("authorization", "Bot guessed")
        .json(&body);
    assert_eq!(Answer::of(request).await.status, 401);
    let recorded = sandbox.requests().pop().expect("recorded");
    assert_eq!(
        (recorded.path.as_str(), recorded.status),
        (path.as_str(), 401)
    );
    assert!(recorded.body.is_empty() && recorded.json.is_none());
    // With the token it is, also where the path does not exist.
    Rest::new(&sandbox).post("/no/such/route", &body).await;
    let recorded = sandbox.requests().pop().expect("recorded");
    assert_eq!((recorded.json, recorded.status), (Some(body), 404));
}

#[tokio::test]
async fn a_bot_that_does_not_read_is_cut_off_before_its_events_fill_the_memory() {
    let sandbox = Sandbox::start().await.expect("started");
    let (_silent, _) = Gateway::ready(&sandbox, 0).await;
    let d = json!({ "padding": "x".repeat(4 << 20) });
    for _ in 0..16 {
        sandbox.dispatch("LARGE", d.clone());
    }
    let cut = |sandbox: &Sandbox| sandbox.connected() == 0;
    assert!(sandbox.wait_until(cut, TIMEOUT).await);
}

#[tokio::test]
async fn one_event_beyond_the_bound_still_goes_out() {
    let sandbox = Sandbox::start().await.expect("started");
    let mut gateway = Gateway::greeted(&sandbox).await;
    gateway.send(&identify(sandbox.token(), 0)).await;
    gateway.dispatch("READY").await;
    // As a client's own limit is 16 MiB in one frame.
    sandbox.split_frames(4);
    let padding = "x".repeat(50 << 20);
    sandbox.dispatch("LARGE", json!({ "padding": padding }));
    let large = gateway.dispatch("LARGE").await;
    assert_eq!(large["d"]["padding"].as_str().map(str::len), Some(50 << 20));
}
