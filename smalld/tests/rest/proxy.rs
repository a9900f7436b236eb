//! Proxies: one that enforces the rate limits of several bots, and those that environment variables
//! name.

use std::process::Command;
use std::time::Duration;

use crate::scripted::wire::Connection;
use crate::scripted::{Reply, Scripted, TOKEN, within};
use smalld::rest::RateLimits;
use smalld::{Error, SmallD, json, path};
use smalld_sandbox::Sandbox;
use tokio::net::{TcpListener, TcpStream};

/// A small proxy like twilight's http-proxy and nirn-proxy: it accepts requests at its own address,
/// waits for Discord's limits, and returns Discord's responses.
async fn proxy(upstream: SmallD) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v10", listener.local_addr().expect("a port"));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(forward(socket, upstream.clone()));
        }
    });
    url
}

async fn forward(socket: TcpStream, upstream: SmallD) -> Option<()> {
    let mut connection = Connection::new(socket);
    loop {
        let seen = connection.request().await?;
        let request = match seen.method.as_str() {
            "GET" => upstream.get(seen.path),
            "PUT" => upstream.put(seen.path, ()),
            "DELETE" => upstream.delete(seen.path),
            _ => {
                let body: serde_json::Value = serde_json::from_slice(&seen.body).ok()?;
                upstream.post(seen.path, body)
            }
        };
        let (status, body) = match request.response().await {
            Ok(response) => (response.status, response.bytes().to_vec()),
            Err(Error::Http(error)) => {
                let response = error.response;
                (response.status, response.bytes().to_vec())
            }
            Err(error) => (502, error.to_string().into_bytes()),
        };
        let length = match status {
            204 => String::new(),
            _ => format!("content-length: {}\r\n", body.len()),
        };
        let head = format!("HTTP/1.1 {status} Proxied\r\n{length}\r\n");
        let whole = [head.as_bytes(), &body].concat();
        connection.write(&whole).await.then_some(())?;
    }
}

#[tokio::test]
async fn a_proxy_that_enforces_the_limits_needs_only_base_url() {
    let sandbox = Sandbox::start().await.unwrap();
    let upstream = SmallD::builder()
        .token(sandbox.token())
        .base_url(sandbox.base_url())
        .rate_limits(RateLimits::Wait)
        .build()
        .unwrap();
    let url = proxy(upstream).await;
    let channel = sandbox.channel_id().to_owned();
    let message = sandbox.say("react to this");
    let bots: Vec<SmallD> = (0..3)
        .map(|_| {
            let bot = SmallD::builder()
                .token("the proxy's business")
                .base_url(&url);
            let bot = bot.token(TOKEN).rate_limits(RateLimits::Off);
            bot.build().unwrap()
        })
        .collect();
    let mut done = Vec::new();
    for bot in &bots {
        let content = json!({ "content": "hello" });
        let sent = within(bot.post(path!("/channels/{channel}/messages"), content));
        assert_eq!(sent.await.unwrap()["content"], "hello");
        for emoji in ["👍", "🎉"] {
            let path = path!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me");
            done.push(tokio::spawn(bot.put(path, ())));
        }
    }
    for done in done {
        assert!(within(done).await.unwrap().unwrap().is_null());
    }
    let error = within(bots[0].get("/channels/1")).await.unwrap_err();
    let Error::Http(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!((error.response.status, error.code), (404, Some(10003)));
    let statuses = sandbox.requests().into_iter().map(|request| request.status);
    assert!(statuses.into_iter().all(|status| status != 429));
}

/// The child process below reads its proxy from the environment.
const CHILD: &str = "SMALLD_TEST_OF_A_CHILD";

#[tokio::test]
async fn the_usual_variables_name_a_proxy() {
    let proxy = Scripted::always(Reply::json(200, &json!({ "by": "proxy" }))).await;
    let address = format!("http://{}", proxy.address());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "proxy::a_child_that_asks_discord", "--nocapture"])
        .env(CHILD, "1")
        .env("HTTP_PROXY", &address)
        .env("http_proxy", &address)
        .env("HTTPS_PROXY", &address)
        .env("https_proxy", &address)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("ALL_PROXY")
        .env_remove("REQUEST_METHOD");
    let output = tokio::task::spawn_blocking(move || child.output());
    let output = within(output).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let seen = proxy.seen();
    let targets: Vec<(&str, &str)> = seen
        .iter()
        .map(|seen| (seen.method.as_str(), seen.target.as_str()))
        .collect();
    assert_eq!(
        targets,
        [
            ("GET", "http://discord.invalid/api/v10/users/@me"),
            ("CONNECT", "discord.invalid:443"),
        ]
    );
    // A tunnel is encrypted, and the proxy does not see the token.
    assert_eq!(seen[1].header("authorization"), None);
}

#[tokio::test]
async fn a_child_that_asks_discord() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let bot = |url: &str| {
        let bot = SmallD::builder().token(TOKEN).base_url(url);
        bot.allow_http(true).build().unwrap()
    };
    let plain = bot("http://discord.invalid/api/v10");
    assert_eq!(
        within(plain.get("/users/@me")).await.unwrap()["by"],
        "proxy"
    );
    let encrypted = bot("https://discord.invalid/api/v10").post("/users/@me", ());
    // The tunnel has no other end.
    let error = within(encrypted.timeout(Duration::from_millis(900))).await;
    assert!(matches!(error, Err(Error::Network(_))), "{error:?}");
    // Requests to this machine use no proxy.
    let local = Scripted::always(Reply::ok()).await;
    let bot = local.bot(RateLimits::Off);
    within(bot.get("/users/@me")).await.unwrap();
    assert_eq!(local.count(), 1);
}
