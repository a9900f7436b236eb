//! Requests and responses: headers, bodies and queries.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::scripted::{self, Reply, Scripted, TOKEN, within};
use serde::{Deserialize, Serialize};
use smalld::rest::{Attachment, RateLimits, Request};
use smalld::{Error, Json, SmallD, json, path};

async fn server() -> (Scripted, SmallD) {
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Off);
    (server, bot)
}

/// One request without a payload for each of the five methods.
fn by_every_method(bot: &SmallD) -> [Request; 5] {
    let path = "/users/@me";
    [
        bot.get(path),
        bot.post(path, ()),
        bot.put(path, ()),
        bot.patch(path, ()),
        bot.delete(path),
    ]
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

#[tokio::test]
async fn a_request_says_who_it_is() {
    let (server, bot) = server().await;
    within(bot.get("/users/@me")).await.unwrap();
    let seen = server.only();
    let authorization = format!("Bot {TOKEN}");
    assert_eq!(seen.header("authorization"), Some(&*authorization));
    let agent = seen.header("user-agent").unwrap();
    assert!(agent.starts_with("DiscordBot (https://"), "{agent}");
    assert!(agent.contains(concat!(", ", env!("CARGO_PKG_VERSION"), ")")));

    let named = server.builder().user_agent("my-bot/1.0").build().unwrap();
    within(named.get("/users/@me")).await.unwrap();
    let seen = server.seen().pop().unwrap();
    assert!(seen.header("user-agent").unwrap().ends_with(") my-bot/1.0"));
}

#[tokio::test]
async fn without_a_payload_there_is_no_body_and_that_is_said() {
    let (server, bot) = server().await;
    for (request, method) in by_every_method(&bot).into_iter().zip(METHODS) {
        within(request).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!((&*seen.method, seen.body.len()), (method, 0));
        assert_eq!(seen.header("content-type"), None);
        assert_eq!(seen.header("transfer-encoding"), None);
        let length = seen.header("content-length");
        match method {
            "GET" | "DELETE" => assert!(length.is_none_or(|length| length == "0")),
            _ => assert_eq!(length, Some("0"), "{method}"),
        }
    }
}

#[tokio::test]
async fn every_method_takes_any_payload_that_serializes() {
    #[derive(Serialize)]
    struct Message<'a> {
        content: &'a str,
        flags: Option<u64>,
    }
    let (server, bot) = server().await;
    let message = Message {
        content: "ünïcode",
        flags: None,
    };
    for request in by_every_method(&bot) {
        within(request.payload(&message)).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.json(), json!({ "content": "ünïcode", "flags": null }));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        let length = seen.body.len().to_string();
        assert_eq!(seen.header("content-length"), Some(&*length));
    }
    let vendor = bot.post("/users/@me", &message);
    let vendor = vendor.header("Content-Type", "application/vnd.x+json");
    within(vendor).await.unwrap();
    let seen = server.seen().pop().unwrap();
    let types = seen
        .headers
        .iter()
        .filter(|(name, _)| name == "content-type");
    assert_eq!(types.count(), 1);
    assert_eq!(seen.header("content-type"), Some("application/vnd.x+json"));
}

#[tokio::test]
async fn what_cannot_be_serialized_is_not_sent() {
    let (server, bot) = server().await;
    let keys = BTreeMap::from([((1, 2), 3)]);
    let error = within(bot.post("/users/@me", keys)).await.unwrap_err();
    assert!(matches!(error, Error::Json(_)), "{error:?}");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn query_parameters_can_be_repeated_omitted_and_boolean() {
    let (server, bot) = server().await;
    let request = bot
        .get("/guilds/1/members?first=1")
        .param("limit", 5)
        .param("after", None::<u64>)
        .param("wait", true)
        .param("id", ["1", "2"])
        .param("q", "a b&c=d/ü#")
        .params(json!({ "x": 1.5, "y": null }))
        .params(());
    within(request).await.unwrap();
    assert_eq!(
        server.only().query,
        "first=1&limit=5&wait=true&id=1&id=2&q=a+b%26c%3Dd%2F%C3%BC%23&x=1.5"
    );
    for odd in [json!({ "a": 1 }), json!([[1]])] {
        let error = within(bot.get("/users/@me").param("p", odd))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("`p`"), "{error}");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_reason_is_percent_encoded_and_bounded() {
    let (server, bot) = server().await;
    let ban = |reason: &str| within(bot.delete("/guilds/1/bans/2").reason(reason));
    ban("späm\r\nx-evil: 1 100%").await.unwrap();
    let seen = server.only();
    assert_eq!(
        seen.header("x-audit-log-reason"),
        Some("sp%C3%A4m%0D%0Ax-evil: 1 100%25")
    );
    assert_eq!(seen.header("x-evil"), None);
    ban(&"ü".repeat(512)).await.unwrap();
    for odd in ["", &"x".repeat(513)] {
        let error = ban(odd).await.unwrap_err();
        assert!(error.to_string().contains("512"), "{error}");
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn other_headers_can_be_set_except_those_that_frame_the_request() {
    let (server, bot) = server().await;
    let get = || bot.get("/users/@me");
    within(get().header("X-Super", "1").header("x-super", "2"))
        .await
        .unwrap();
    let seen = server.only();
    let super_headers = seen.headers.iter().filter(|(name, _)| name == "x-super");
    assert_eq!(super_headers.count(), 2);
    for (name, value) in [
        ("host", "evil.example"),
        ("Content-Length", "0"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("x-a", "1\r\nx-b: 2"),
        ("x a", "1"),
        ("", "1"),
    ] {
        let error = within(get().header(name, value)).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
    }
    assert_eq!(server.count(), 1);
    let bearer = get().header("Authorization", "Bearer of-somebody");
    within(bearer).await.unwrap();
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some("Bearer of-somebody"));
}

#[tokio::test]
async fn every_method_sends_attachments() {
    let (server, bot) = server().await;
    for (request, method) in by_every_method(&bot).into_iter().zip(METHODS) {
        let request = request
            .payload(json!({ "content": "cats" }))
            .attachment(("a.txt", "meow", "text/plain"))
            .attachments([(
                "b \"quoted\" ü\r\nX-Evil: 1.png",
                vec![0_u8, 255],
                "image/png",
            )]);
        within(request).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.method, method);
        let parts = seen.parts();
        assert_eq!(parts.len(), 3);
        assert!(
            parts[0].head.contains("name=\"payload_json\""),
            "{}",
            parts[0].head
        );
        assert!(parts[0].head.contains("Content-Type: application/json"));
        assert_eq!(parts[0].body, br#"{"content":"cats"}"#);
        assert!(
            parts[1]
                .head
                .contains(r#"name="files[0]"; filename="a.txt""#)
        );
        assert!(parts[1].head.contains("Content-Type: text/plain"));
        assert_eq!(parts[1].body, b"meow");
        let head = &parts[2].head;
        let name = r#"name="files[1]"; filename="b \"quoted\" ü__X-Evil: 1.png""#;
        assert!(head.contains(name), "{head}");
        assert_eq!(head.lines().count(), 2, "{head}");
        assert_eq!(parts[2].body, [0, 255]);
        assert!(
            seen.header("content-length").is_some(),
            "a known length is said"
        );
    }
}

#[tokio::test]
async fn a_form_without_json_consists_of_its_fields() {
    let (server, bot) = server().await;
    let sticker = Attachment::from(("w.png", "png", "image/png")).field("file");
    let request = bot
        .post(path!("/guilds/{}/stickers", 1), ())
        .form_field("name", "wave")
        .form_field("tags", "ü")
        .attachment(sticker.clone());
    within(request).await.unwrap();
    let parts = server.only().parts();
    let names: Vec<&str> = parts.iter().map(|part| part.head.as_str()).collect();
    assert!(names[0].contains("name=\"name\"") && names[1].contains("name=\"tags\""));
    assert!(
        names[2].contains(r#"name="file"; filename="w.png""#),
        "{names:?}"
    );
    assert_eq!(parts[1].body, "ü".as_bytes());
    for odd in ["a\"b", "a\r\nb", ""] {
        let request = bot.post("/x", ()).attachment(sticker.clone().field(odd));
        within(request).await.unwrap_err();
        within(bot.post("/x", ()).form_field(odd, "1"))
            .await
            .unwrap_err();
    }
    let typed = bot.post("/x", ()).attachment(sticker);
    let error = within(typed.header("content-type", "text/plain")).await;
    assert!(error.unwrap_err().to_string().contains("content-type"));
    let odd = Attachment::from(("a", "b", "no type\r\n"));
    within(bot.post("/x", ()).attachment(odd))
        .await
        .unwrap_err();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_response_is_json_or_null_or_the_requested_type() {
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    let server = Scripted::by(|_, seen| match seen.path.as_str() {
        "/users/@me" => Reply::fixture("get_current_user"),
        "/empty" => Reply::text(200, ""),
        "/text" => Reply::text(200, "pong\u{0}"),
        "/not-modified" => Reply::text(304, ""),
        _ => Reply::text(204, ""),
    })
    .await;
    let bot = server.bot(RateLimits::Off);
    let me = within(bot.get("/users/@me")).await.unwrap();
    let user: User = within(bot.get("/users/@me").json()).await.unwrap();
    assert_eq!(me["id"], user.id);
    for path in ["/nothing", "/empty", "/not-modified"] {
        assert_eq!(within(bot.get(path)).await.unwrap(), Json::Null, "{path}");
        let none: Option<User> = within(bot.get(path).json()).await.unwrap();
        assert!(none.is_none());
    }
    let response = within(bot.get("/text").response()).await.unwrap();
    assert_eq!((response.status, &*response.text()), (200, "pong\u{0}"));
    assert_eq!(response.bytes(), b"pong\0");
    assert_eq!(response.header("CONTENT-LENGTH"), Some("5"));
    let error = within(bot.get("/text")).await.unwrap_err();
    assert!(matches!(error, Error::Json(_)), "{error:?}");
}

#[test]
fn a_plain_program_waits() {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let server = runtime.block_on(Scripted::always(Reply::ok()));
    let bot = server.bot(RateLimits::Off);
    assert_eq!(bot.get("/users/@me").wait().unwrap(), json!({}));
    assert_eq!(bot.get("/users/@me").wait().unwrap(), json!({}));
    let typed: BTreeMap<String, String> = bot.get("/users/@me").wait_json().unwrap();
    assert!(typed.is_empty());
    let response = bot.get("/users/@me").wait_response().unwrap();
    assert_eq!((response.status, response.bytes()), (200, &b"{}"[..]));
    let error = bot.get("/users/@me").wait_json::<u64>().unwrap_err();
    assert_eq!(
        (error.method(), error.path()),
        (Some("GET"), Some("/users/@me"))
    );
    assert!(matches!(&error, Error::Json(error) if !error.message.is_empty()));
    let inside = runtime.block_on(async { bot.get("/users/@me").wait() });
    let error = inside.unwrap_err().to_string();
    assert!(error.contains(".await"), "{error}");
}

#[tokio::test]
async fn a_request_is_a_future_of_its_own() {
    fn assert_future<F: Future<Output = smalld::Result<Json>> + Send + 'static>(future: F) -> F {
        future
    }
    let (server, bot) = server().await;
    let request = assert_future(bot.get("/webhooks/7/secret"));
    assert_eq!(format!("{request:?}"), "Request(GET /webhooks/7/***)");
    assert_eq!(server.count(), 0, "nothing is sent before it is awaited");
    drop(bot);
    within(request).await.unwrap();
}

#[tokio::test]
async fn a_timeout_covers_all_attempts() {
    let gate = scripted::Gate::default();
    let server = Scripted::always(Reply::ok().behind(&gate)).await;
    let bot = server.bot(RateLimits::Off);
    let begun = std::time::Instant::now();
    let error = within(bot.get("/users/@me").timeout(Duration::from_millis(50))).await;
    let Err(Error::Network(error)) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.kind, smalld::error::NetworkErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
