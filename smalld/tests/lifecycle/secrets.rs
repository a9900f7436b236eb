//! The token never appears in the log, in Debug output or in errors.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::Cell;
use std::sync::Mutex;

use crate::support::{self, Log, TIMEOUT};
use smalld::handler::Handlers;
use smalld::{SmallD, json};
use smalld_sandbox::Sandbox;
use tokio::runtime::{Builder, Runtime};

/// What libraries log by the crate `log`, not by `tracing`.
static LOGGED: Mutex<String> = Mutex::new(String::new());

thread_local! {
    /// Excludes the sandbox's threads, which may log the token.
    static IS_BOT: Cell<bool> = const { Cell::new(false) };
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        IS_BOT.get()
    }

    fn log(&self, record: &log::Record<'_>) {
        if IS_BOT.get() {
            let line = format!("{} {}\n", record.target(), record.args());
            LOGGED.lock().unwrap().push_str(&line);
        }
    }

    fn flush(&self) {}
}

#[test]
fn the_token_is_not_logged_at_any_level() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let elsewhere = Runtime::new().unwrap();
    let sandbox = elsewhere.block_on(Sandbox::start()).unwrap();
    IS_BOT.set(true);
    let traced = Log::capture();
    let here = Builder::new_current_thread().enable_all().build().unwrap();
    here.block_on(whole_life(&sandbox));
    let (traced, logged) = (traced.text(), LOGGED.lock().unwrap().clone());
    // Checks that both captured something.
    assert!(
        traced.contains("a failure") && traced.contains("TRACE"),
        "{traced}"
    );
    assert!(
        logged.contains("tungstenite") && logged.contains("frame"),
        "{logged}"
    );
    for log in [traced, logged] {
        let found = log.lines().find(|line| holds(line, sandbox.token()));
        assert!(found.is_none(), "{found:?}");
    }
}

/// Everything that a bot does with its token.
async fn whole_life(sandbox: &Sandbox) {
    let handlers = Handlers::new().on("MESSAGE_CREATE", |_, _| async { Err("a failure") });
    let bot = support::builder(sandbox)
        .handlers(handlers)
        .build()
        .unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    sandbox.say("hello");
    bot.get("/users/@me").await.unwrap();
    bot.get("/nowhere").await.unwrap_err();
    bot.send_gateway_payload(json!({ "op": 3, "d": {} }))
        .await
        .unwrap();
    sandbox.cut();
    assert!(
        sandbox
            .wait_until(|sandbox| sandbox.resumes() == 1, TIMEOUT)
            .await
    );
    bot.close();
    running.await.unwrap().unwrap();
}

/// Whether the line contains the token, also as bytes in hexadecimal or decimal.
fn holds(line: &str, token: &str) -> bool {
    let (_, secret) = token.split_once('.').expect("a token with dots");
    let hex: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let list: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    [secret.to_owned(), hex.concat(), list.join(", ")]
        .iter()
        .any(|form| line.contains(form))
}

#[tokio::test]
async fn the_token_is_not_in_debug_output_or_errors() {
    let sandbox = Sandbox::start().await.unwrap();
    let secret = "MTIz.secret.of-nobody";
    let builder = SmallD::builder().token(secret).base_url(sandbox.base_url());
    let mut shown = vec![format!("{builder:?}")];
    let bot = builder.build().unwrap();
    shown.push(format!("{bot:?} {bot:#?} {:?}", bot.get("/users/@me")));
    let refused = bot.get("/users/@me").await.unwrap_err();
    shown.push(format!("{refused} {refused:?}"));
    let ended = bot.run().await.unwrap_err();
    shown.push(format!("{ended} {ended:?}"));
    assert!(ended.to_string().contains("401"), "{ended}");
    for part in secret.split('.') {
        assert!(!shown.concat().contains(part), "{shown:?}");
    }
}
