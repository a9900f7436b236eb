//! Messages of errors, and what they never contain.

use std::time::Duration;

use crate::scripted::{self, Reply, Scripted, TOKEN, within};
use smalld::error::{HttpError, NetworkError, NetworkErrorKind};
use smalld::rest::RateLimits;
use smalld::{Error, SmallD, json};

/// The error that a fixture becomes. The request is a POST, so it is not retried.
async fn error_of(reply: Reply) -> HttpError {
    let server = Scripted::always(reply).await;
    let bot = server.bot(RateLimits::Error);
    match within(bot.post("/channels/1/messages", json!({}))).await {
        Err(Error::Http(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_error_shows_discords_message_and_what_to_do() {
    for (fixture, text) in [
        (
            "error_403_50013",
            "403 Missing Permissions (50013); give the bot's role",
        ),
        ("error_404_10008", "404 Unknown Message (10008)"),
        (
            "error_404_10062",
            "404 Unknown interaction (10062); an interaction must be",
        ),
        (
            "error_400_40060",
            "(40060); an interaction takes one answer",
        ),
        (
            "error_400_50006",
            "400 Cannot send an empty message (50006)",
        ),
        ("error_400_50109", "(50109)"),
        ("error_403_40333_cloudflare", "(40333); Cloudflare blocked"),
        ("error_404_route", "404 Not Found"),
        ("error_405", "405"),
        ("error_413", "413"),
        ("error_500_json", "500"),
        ("error_503_empty", "503"),
        ("error_504_upstream", "504"),
    ] {
        let error = error_of(Reply::fixture(fixture)).await;
        let (display, debug) = (error.to_string(), format!("{:?}", Error::Http(error)));
        let whole = format!("POST /channels/1/messages: {text}");
        assert!(
            display.starts_with(&whole) || display.contains(text),
            "{fixture}: {display}"
        );
        assert!(debug.starts_with(&display), "{debug}");
    }
}

#[tokio::test]
async fn each_invalid_field_is_a_line() {
    let error = error_of(Reply::fixture("error_400_50035_nested")).await;
    assert_eq!(error.code, Some(50035));
    assert!(!error.fields.is_empty());
    let text = error.to_string();
    for field in &error.fields {
        let line = format!("\n  {}: {}: {}", field.path, field.code, field.message);
        assert!(text.contains(&line), "{text}");
    }
    assert!(
        text.contains("embeds[0].fields[2].name: BASE_TYPE_REQUIRED"),
        "{text}"
    );
    let error = error_of(Reply::fixture("error_400_50035_top")).await;
    assert!(error.to_string().lines().count() > 1, "{error}");
}

#[tokio::test]
async fn a_page_is_shortened_and_kept() {
    let error = error_of(Reply::fixture("error_502_html")).await;
    let text = error.to_string();
    assert!(
        text.contains("502 <html> <head>") && !text.contains('\n'),
        "{text}"
    );
    assert_eq!((error.code, error.message), (None, None));
    assert!(error.response.text().contains("\r\n"));
    assert_eq!(error.response.header("server"), Some("cloudflare"));
    for body in [
        "<".repeat(100_000),
        "\u{fffd}".to_owned(),
        "null".to_owned(),
        "[1]".to_owned(),
    ] {
        let error = error_of(Reply::text(400, body)).await;
        assert!(error.to_string().len() < 400, "{error}");
    }
    let error = error_of(Reply::text(400, vec![0xff, 0xfe])).await;
    assert_eq!(error.response.bytes(), [0xff, 0xfe]);
}

fn network<T: std::fmt::Debug>(result: Result<T, Error>) -> NetworkError {
    match result {
        Err(Error::Network(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// The error of a single POST. A POST is retried only if it cannot have arrived.
async fn once(url: &str) -> NetworkError {
    let bot = SmallD::builder()
        .token(TOKEN)
        .base_url(url)
        .allow_http(true);
    let bot = bot.build().expect("a bot");
    let post = bot.post("/x", ()).timeout(Duration::from_millis(900));
    network(within(post).await)
}

#[tokio::test]
async fn failures_below_http_have_different_kinds() {
    // The resolver refuses a label that is too long without sending a query.
    let error = once(&format!("http://{}.invalid/api/v10", "a".repeat(64))).await;
    assert_eq!(
        (error.kind, error.may_have_arrived),
        (NetworkErrorKind::Dns, false)
    );

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let error = once(&format!("http://{address}/api/v10")).await;
    assert_eq!(
        (error.kind, error.may_have_arrived),
        (NetworkErrorKind::Connect, false)
    );
    assert!(error.to_string().ends_with("nothing was sent"), "{error}");
    let whole = format!("{:?}", Error::Network(error));
    assert!(whole.to_lowercase().contains("refused"), "{whole}");

    let plain = Scripted::always(Reply::ok()).await;
    let error = once(&format!("https://{}/api/v10", plain.address())).await;
    assert_eq!(
        (error.kind, error.may_have_arrived),
        (NetworkErrorKind::Tls, false)
    );

    let dropping = Scripted::always(Reply::dropped()).await;
    let error = once(&dropping.url()).await;
    assert_eq!(
        (error.kind, error.may_have_arrived),
        (NetworkErrorKind::Broken, true)
    );
    assert!(error.to_string().ends_with("may have arrived"), "{error}");
    assert_eq!(dropping.count(), 1);

    let gate = scripted::Gate::default();
    let mute = Scripted::always(Reply::ok().behind(&gate)).await;
    let error = once(&mute.url()).await;
    assert_eq!(
        (error.kind, error.may_have_arrived),
        (NetworkErrorKind::Timeout, true)
    );
}

#[tokio::test]
async fn an_endless_response_is_an_error() {
    let server = Scripted::always(Reply::text(200, vec![b'x'; (64 << 20) + 1])).await;
    let bot = server.bot(RateLimits::Off);
    let error = network(within(bot.get("/users/@me")).await);
    assert_eq!(error.kind, NetworkErrorKind::TooLarge);
    assert!(error.to_string().contains("64 MiB"), "{error}");
    assert_eq!(server.count(), 1, "it is not asked for again");
}
