//! The log at startup: the handlers, and warnings about handlers that can never run.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::support::{Log, TIMEOUT, builder};
use smalld::handler::Handlers;
use smalld::{Intents, events};
use smalld_sandbox::Sandbox;

/// The log until the bot is ready.
async fn log_until_ready(granted: u64, handlers: Handlers, intents: Option<Intents>) -> Log {
    let log = Log::capture();
    let sandbox = Sandbox::builder()
        .granted_intents(granted)
        .start()
        .await
        .unwrap();
    let mut options = builder(&sandbox).handlers(handlers);
    if let Some(intents) = intents {
        options = options.intents(intents);
    }
    let bot = options.build().unwrap();
    let running = tokio::spawn({
        let bot = bot.clone();
        async move { bot.run().await }
    });
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    bot.close();
    running.await.unwrap().unwrap();
    log
}

fn handlers() -> Handlers {
    Handlers::new()
        .on(events::message_create, |_, _| async {})
        .on(events::guild_member_add, |_, _| async {})
        .on(events::guild_create, |_, _| async {})
}

#[tokio::test]
async fn handlers_are_listed_with_file_and_line() {
    let log = log_until_ready(Intents::all().bits(), handlers(), None).await;
    for event in ["MESSAGE_CREATE", "GUILD_MEMBER_ADD", "GUILD_CREATE"] {
        let lines = log.lines(&format!(" {event} -> "));
        assert!(
            lines.len() == 1 && lines[0].contains("smalld/tests/handlers/warnings.rs:"),
            "{}",
            log.text()
        );
    }
    assert!(log.lines(" WARN ").is_empty(), "{}", log.text());
}

#[tokio::test]
async fn a_handler_that_lacks_a_privileged_intent_is_named_with_the_page_to_enable_it() {
    let log = log_until_ready(0, handlers(), None).await;
    let warnings = log.lines(" WARN ");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("messages without content") && warnings[0].contains("MESSAGE_CONTENT")
    );
    assert!(
        warnings[1]
            .contains("is never called, because GUILD_MEMBER_ADD needs the intent GUILD_MEMBERS:")
    );
    for warning in warnings {
        assert!(
            warning.contains("smalld/tests/handlers/warnings.rs:"),
            "{warning}"
        );
        assert!(
            warning.contains("https://discord.com/developers/applications"),
            "{warning}"
        );
    }
}

#[tokio::test]
async fn a_handler_whose_event_was_not_requested_is_named_with_the_intent_to_add() {
    let log = log_until_ready(Intents::all().bits(), handlers(), Some(Intents::GUILDS)).await;
    let warnings = log.lines(" WARN ");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("add GUILD_MESSAGES | DIRECT_MESSAGES to `intents`"),
        "{warnings:?}"
    );
    assert!(warnings[1].contains("GUILD_MEMBER_ADD"), "{warnings:?}");
}

#[tokio::test]
async fn a_bot_without_handlers_logs_how_to_register_them() {
    let log = log_until_ready(Intents::all().bits(), Handlers::new(), None).await;
    let warnings = log.lines(" WARN ");
    assert!(
        warnings.len() == 1 && warnings[0].contains("use my_handlers as _;"),
        "{warnings:?}"
    );
}
