//! No token is ever shown.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::scripted::{Reply, Scripted, TOKEN, within};
use crate::support;
use smalld::rest::RateLimits;
use smalld::{Error, json, path};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, span};

const WEBHOOK: &str = "WebhookTokenThatIsSecret-_";
const INTERACTION: &str = "aW50ZXJhY3Rpb246InteractionSecret";

/// Every event of every library, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = write!(text, "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut log = self.clone();
        let target = event.metadata().target();
        if let Ok(mut text) = log.0.lock() {
            let _ = write!(text, "\n{target}: ");
        }
        event.record(&mut log);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Everything that an error shows, including its causes.
fn whole(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    match error {
        Error::Http(error) => {
            let (response, fields) = (&error.response, &error.fields);
            let headers: Vec<_> = response.headers().collect();
            write!(
                text,
                "{error:?}\n{error:#?}\n{fields:?}\n{headers:?}\n{}",
                response.text()
            )
        }
        Error::Network(error) => write!(text, "{error:?}\n{error:#?}"),
        Error::RateLimit(error) => write!(text, "{error:?}\n{error:#?}"),
        Error::Config(error) => write!(text, "{error:?}"),
        Error::Json(error) => write!(text, "{error:?}"),
        _ => Ok(()),
    }
    .expect("written");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        write!(text, "\n{error}\n{error:?}").expect("written");
        cause = error.source();
    }
    text
}

#[track_caller]
fn assert_secret(text: &str) {
    for secret in [TOKEN, WEBHOOK, INTERACTION] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn no_token_is_shown_by_any_error_or_log() {
    let log = Log::default();
    // The subscriber must be the one of all threads: otherwise events that another thread logs
    // first are lost.
    let _every_thread = support::Log::capture();
    let guard = tracing::subscriber::set_default(log.clone());
    let paths = || {
        [
            path!("/webhooks/{}/{}", 7, WEBHOOK),
            path!("/webhooks/{}/{}", 9, INTERACTION),
            path!("/interactions/{}/{}/callback", 9, INTERACTION),
        ]
    };
    let mut kinds = Vec::new();
    for reply in [
        Reply::fixture("error_401"),
        Reply::fixture("error_404_10062"),
        Reply::json(404, &json!({ "message": "Unknown Webhook", "code": 10015 })),
        Reply::fixture("rate_429_user"),
        Reply::fixture("rate_429_cloudflare_html"),
        Reply::fixture("error_502_html"),
        Reply::text(200, "no json"),
        Reply::text(302, "").header("location", "http://127.0.0.1:1/"),
        Reply::dropped(),
        // Servers that echo the request.
        Reply::text(500, format!("<pre>authorization: Bot {TOKEN}</pre>")),
        Reply::text(200, format!("\"Bot {TOKEN}\"")).header("x-echo", TOKEN),
        Reply::json(
            400,
            &json!({ "message": TOKEN, "errors": {
            TOKEN: { "_errors": [{ "code": TOKEN, "message": TOKEN }] } } }),
        ),
        Reply::json(
            429,
            &json!({ "message": TOKEN, "code": 1, "retry_after": 0.01 }),
        ),
        Reply::text(429, TOKEN)
            .header("retry-after", "1")
            .header("x-ratelimit-bucket", TOKEN),
        Reply::ok().header("x-ratelimit-limit", "banana"),
    ] {
        let server = Scripted::always(reply).await;
        let bot = server.bot(RateLimits::Error);
        kinds.push(format!("{bot:?} {:?}", server.builder()));
        for path in paths() {
            for _ in 0..2 {
                let request = bot.post(path.clone(), json!({ "content": "x" }));
                kinds.push(format!("{request:?} {request:#?}"));
                if let Err(error) = within(request).await {
                    kinds.push(whole(&error));
                }
            }
        }
        if let Err(error) = within(bot.get("/users/@me").retry(false)).await {
            kinds.push(whole(&error));
        }
        match within(bot.get("/users/@me").retry(false).response()).await {
            Ok(response) => {
                let error = response.json::<u64>().map_err(|error| whole(&error));
                kinds.push(format!("{response:?} {error:?}"));
            }
            Err(error) => kinds.push(whole(&error)),
        }
        let bearer = bot
            .get("/users/@me")
            .header("authorization", format!("Bearer {INTERACTION}"));
        if let Err(error) = within(bearer.retry(false).json::<u64>()).await {
            kinds.push(whole(&error));
        }
    }
    let server = Scripted::always(Reply::ok()).await;
    let bot = server.bot(RateLimits::Error);
    for path in [
        format!("/webhooks/7/{WEBHOOK}/../../users/@me"),
        format!("/webhooks/7/{WEBHOOK}/%2e%2e/x"),
        format!("https://discord.com/api/webhooks/7/{WEBHOOK}"),
        format!("webhooks/7/{WEBHOOK}"),
        format!("/webhooks//7/{WEBHOOK}"),
        format!("/webhooks/7/{WEBHOOK}/\"x\""),
        format!("/interactions/7/{INTERACTION}/callback#x"),
    ] {
        kinds.push(whole(&within(bot.get(path)).await.unwrap_err()));
    }
    let odd = bot
        .get(path!("/webhooks/{}/{}", 7, WEBHOOK))
        .header("host", "x");
    kinds.push(whole(&within(odd).await.unwrap_err()));
    assert_eq!(server.count(), 0);
    drop(guard);
    for kind in &kinds {
        assert_secret(kind);
    }
    let log = log.0.lock().unwrap();
    let ours = log.lines().filter(|line| line.starts_with("smalld"));
    assert!(ours.count() > 10, "{log}");
    assert_secret(&log);
}

#[tokio::test]
async fn a_server_that_echoes_the_request_shows_none_of_its_tokens() {
    let server = Scripted::by(|_, seen| {
        let authorization = seen.header("authorization").unwrap_or_default();
        let text = format!("Cannot serve {} with {authorization}", seen.target);
        Reply::text(400, text.clone()).header("x-echo", &text)
    })
    .await;
    let bot = server.bot(RateLimits::Error);
    for request in [
        bot.get("/users/@me"),
        bot.get("/users/@me")
            .header("authorization", format!("Bearer {INTERACTION}")),
        bot.get(path!("/webhooks/{}/{}", 7, WEBHOOK)),
        bot.get(path!("/webhooks/{}/{}/messages/@original", 9, INTERACTION)),
    ] {
        let error = within(request).await.unwrap_err();
        assert_secret(&whole(&error));
        assert!(whole(&error).contains("***"), "{error}");
    }
}
