//! Checks a bot that is written with another library: runs it against a sandbox, and prints one row of
//! the table in `README.md`.
//!
//! `cargo run -p smalld-sandbox --example foreign -- [--no-limits] LIBRARY VERSION COMMAND [ARGUMENT...]`
//!
//! `--no-limits` is for a bot whose rate limiter is off. `--header` prints the head of the table.

use std::env;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use smalld_sandbox::{Sandbox, Scope};
use tokio::process::{Child, Command};

/// How long a bot may take to start, and to come back after a lost connection.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a bot may take for anything else.
const WAIT: Duration = Duration::from_secs(10);

const RATE_LIMITS: &str = "rate limits";

type Check = fn(Arc<Sandbox>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The columns of the table, in the order in which they are checked.
const CHECKS: [(&str, Check); 8] = [
    ("messages", |discord| Box::pin(messages(discord))),
    ("reactions", |discord| Box::pin(reactions(discord))),
    ("attachments", |discord| Box::pin(attachments(discord))),
    ("commands", |discord| Box::pin(commands(discord))),
    ("components", |discord| Box::pin(components(discord))),
    ("errors", |discord| Box::pin(errors(discord))),
    (RATE_LIMITS, |discord| Box::pin(rate_limits(discord))),
    ("resume", |discord| Box::pin(resume(discord))),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments: Vec<_> = env::args().skip(1).collect();
    if arguments == ["--header"] {
        println!("{}", header());
        return ExitCode::SUCCESS;
    }
    let has_limits = arguments.first().is_none_or(|first| first != "--no-limits");
    if !has_limits {
        arguments.remove(0);
    }
    let [library, version, program, arguments @ ..] = &arguments[..] else {
        eprintln!("usage: foreign [--no-limits] LIBRARY VERSION COMMAND [ARGUMENT...]");
        return ExitCode::from(2);
    };
    let sandbox = Sandbox::builder().rate_limits(has_limits).start().await;
    let sandbox = sandbox.expect("a port of the loopback");
    let discord = Arc::new(sandbox);
    let _bot = start(&discord, program, arguments);
    assert!(
        discord.wait_until_ready(READY_TIMEOUT).await,
        "the bot is not ready"
    );
    let mut passed = true;
    let mut row = format!("| {library} | {version} |");
    for (name, check) in CHECKS {
        if name == RATE_LIMITS && !has_limits {
            row.push_str(" - |");
            continue;
        }
        // As a task, so that a check that panics fails alone.
        let is_fine = tokio::spawn(check(Arc::clone(&discord))).await.is_ok();
        if !is_fine {
            eprintln!("{library} fails the check `{name}`");
        }
        row.push_str(if is_fine { " ✓ |" } else { " ✗ |" });
        passed &= is_fine;
    }
    println!("{row}");
    ExitCode::from(u8::from(!passed))
}

fn header() -> String {
    let names = CHECKS.map(|(name, _)| name).join(" | ");
    let line = "|---".repeat(CHECKS.len());
    format!("| library | version | {names} |\n|---|---{line}|")
}

fn start(discord: &Sandbox, program: &str, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("SMALLD_BASE_URL", discord.url())
        .env("SMALLD_TOKEN", discord.token())
        .kill_on_drop(true);
    command.spawn().expect("the bot can be started")
}

async fn messages(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    ada.say("#general", "++ping").await;
    discord.expect_message("#general", "pong").await;

    let question = ada.say("#general", "++reply").await;
    let reply = discord.expect_message("#general", "a reply").await;
    assert_eq!(reply["message_reference"]["message_id"], question);

    ada.say("#general", "++edit").await;
    let edited = discord.expect_message("#general", "after").await;
    assert!(edited["edited_timestamp"].is_string());

    let unwanted = ada.say("#general", "++delete").await;
    discord.expect_deleted(&unwanted).await;

    ada.direct_message("++ping").await;
    let is_direct = |message: &Value| message["content"] == "pong" && message["guild_id"].is_null();
    let direct = discord.wait_for_message(is_direct, WAIT).await;
    assert!(direct.is_some(), "a direct message is answered");
}

async fn reactions(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    let message = ada.say("#general", "++react").await;
    discord.expect_reaction(&message, "👍").await;
    ada.react(&message, "🎉").await;
    discord.expect_message("#general", "saw 🎉").await;
}

async fn attachments(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    ada.say("#general", "++attach").await;
    let sent = discord.expect_message("#general", "a file").await;
    assert_eq!(sent["attachments"][0]["filename"], "hello.txt");
    discord.expect_message("#general", "read back hello").await;

    ada.upload("#general", "++read", "cat.txt", "meow").await;
    discord.expect_message("#general", "you sent meow").await;
}

async fn commands(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    discord.expect_command("slow").await;
    let choices = ada.slash("ask").autocomplete("what", "tea").await;
    assert_eq!(choices[0]["value"], "tea!");

    let answer = ada.slash("slow").run().await;
    assert_eq!(answer.content(), "done");
    assert!(answer.is_ephemeral());
    let followed_up = |discord: &Sandbox| {
        let requests = discord.requests();
        requests.iter().any(|request| {
            let json = request.json.as_ref();
            json.is_some_and(|json| json["content"] == "and more") && request.status == 200
        })
    };
    let followed_up = discord.wait_until(followed_up, WAIT).await;
    assert!(followed_up, "there is no follow-up");
}

async fn components(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    discord.expect_command("ask").await;
    let asked = ada.slash("ask").option("what", "tea").run().await;
    assert_eq!(asked.content(), "sure about tea?");
    let modal = ada.click(&asked, "yes").await;
    let answer = ada.submit(&modal, [("text", "I like it")]).await;
    assert_eq!(answer.content(), "because I like it");

    ada.say("#general", "++menu").await;
    let menu = discord.expect_message("#general", "a menu").await;
    let menu = menu["id"].as_str().expect("an id");
    ada.select(menu, "fruit", ["pear"]).await;
    discord.expect_message("#general", "chose pear").await;
}

async fn errors(discord: Arc<Sandbox>) {
    discord.user("ada").say("#general", "++wrong").await;
    discord.expect_message("#general", "error 10003").await;
}

async fn rate_limits(discord: Arc<Sandbox>) {
    for scope in [Scope::User, Scope::Global, Scope::Shared] {
        let before = pongs(&discord);
        discord.rate_limit_next(scope, Duration::from_millis(100));
        discord.user("ada").say("#general", "++ping").await;
        expect_pong(&discord, before).await;
    }
}

async fn resume(discord: Arc<Sandbox>) {
    let ada = discord.user("ada");
    let faults: [fn(&Sandbox); 3] = [
        Sandbox::cut,
        |discord| discord.close(4000),
        Sandbox::ask_reconnect,
    ];
    for (resumes, fault) in faults.into_iter().enumerate() {
        let before = pongs(&discord);
        fault(&discord);
        ada.say("#general", "++ping").await;
        expect_pong(&discord, before).await;
        let has_resumed = |discord: &Sandbox| discord.resumes() == resumes + 1;
        assert!(
            discord.wait_until(has_resumed, READY_TIMEOUT).await,
            "the session is not resumed"
        );
    }
    assert_eq!(discord.identifies(), 1, "a new session was begun");
}

fn pongs(discord: &Sandbox) -> usize {
    let messages = discord.messages();
    messages
        .iter()
        .filter(|message| message["content"] == "pong")
        .count()
}

async fn expect_pong(discord: &Sandbox, before: usize) {
    let comes = |discord: &Sandbox| pongs(discord) > before;
    assert!(discord.wait_until(comes, READY_TIMEOUT).await, "no answer");
}
