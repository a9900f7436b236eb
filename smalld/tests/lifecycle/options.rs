//! Options of the builder, and errors about options that cannot be used.

use crate::support::{Running, TIMEOUT, builder};
use smalld::handler::{Handlers, On};
use smalld::{Error, Intents, SmallD, events, json};
use smalld_sandbox::Sandbox;

#[tokio::test]
async fn identify_carries_the_options() {
    let running = Running::start_with(Handlers::new(), |builder| {
        builder
            .intents(Intents::GUILDS | Intents::GUILD_MESSAGES)
            .identify(json!({ "large_threshold": 250, "presence": { "status": "idle" } }))
    })
    .await;
    let identify = &running.sandbox.gateway_payloads()[0];
    assert_eq!(identify["op"], 2);
    assert_eq!(identify["d"]["intents"], 513);
    assert_eq!(identify["d"]["shard"], json!([0, 1]));
    assert_eq!(identify["d"]["large_threshold"], 250);
    assert_eq!(identify["d"]["presence"]["status"], "idle");
    assert_eq!(identify["d"]["properties"]["browser"], "smalld");
    running.close().await.unwrap();
}

#[tokio::test]
async fn requests_the_granted_intents_by_default() {
    for (granted, expected) in [
        (0, Intents::unprivileged()),
        (1 << 15, Intents::unprivileged() | Intents::MESSAGE_CONTENT),
        (1 << 1 | 1 << 8 | 1 << 15, Intents::all()),
    ] {
        let sandbox = Sandbox::builder()
            .granted_intents(granted)
            .start()
            .await
            .unwrap();
        let bot = builder(&sandbox).handlers(Handlers::new()).build().unwrap();
        let running = tokio::spawn({
            let bot = bot.clone();
            async move { bot.run().await }
        });
        assert!(sandbox.wait_until_ready(TIMEOUT).await);
        assert_eq!(
            sandbox.gateway_payloads()[0]["d"]["intents"],
            expected.bits()
        );
        bot.close();
        running.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn refused_intents_are_named_with_what_to_do() {
    let sandbox = Sandbox::builder().granted_intents(0).start().await.unwrap();
    let handlers = Handlers::new()
        .on(
            On::event(events::message_create).named("reads"),
            |_, _| async {},
        )
        .on(
            On::event(events::guild_member_add).named("greets"),
            |_, _| async {},
        )
        .on(events::guild_create, |_, _| async {});
    let bot = builder(&sandbox).intents(Intents::all()).handlers(handlers);
    let error = bot.run().await.unwrap_err();
    let text = error.to_string();
    for words in [
        "4014",
        "GUILD_MEMBERS",
        "MESSAGE_CONTENT",
        "discord.com/developers",
        "for_handlers()",
        "\n  MESSAGE_CONTENT: handler `reads` (smalld/tests/lifecycle/options.rs:",
        "\n  GUILD_MEMBERS: handler `greets` (smalld/tests/lifecycle/options.rs:",
    ] {
        assert!(text.contains(words), "{text}");
    }
    let Error::Gateway(error) = error else {
        panic!("{error}")
    };
    assert_eq!((error.close_code, error.shard), (Some(4014), Some((0, 1))));
}

#[tokio::test]
async fn for_handlers_requests_only_the_intents_that_handlers_need() {
    let handlers = Handlers::new().on("MESSAGE_REACTION_ADD", |_, _| async {});
    let running =
        Running::start_with(handlers, |builder| builder.intents(Intents::for_handlers())).await;
    let needed = Intents::GUILD_MESSAGE_REACTIONS | Intents::DIRECT_MESSAGE_REACTIONS;
    assert_eq!(
        running.sandbox.gateway_payloads()[0]["d"]["intents"],
        needed.bits()
    );
    running.close().await.unwrap();
}

#[tokio::test]
async fn requests_carry_user_agent_and_token() {
    let sandbox = Sandbox::start().await.unwrap();
    let bot = builder(&sandbox).user_agent("my-bot/2.0").build().unwrap();
    bot.get("/users/@me").await.unwrap();
    let request = &sandbox.requests()[0];
    let agent = request.header("user-agent").unwrap();
    assert!(
        agent.starts_with("DiscordBot (https://") && agent.ends_with(") my-bot/2.0"),
        "{agent}"
    );
    assert_eq!(
        request.header("authorization"),
        Some(&*format!("Bot {}", sandbox.token()))
    );
}

#[tokio::test]
async fn invalid_options_are_errors_when_the_bot_is_built() {
    let build = |builder: smalld::Builder| builder.build().unwrap_err().to_string();
    let with_token = || SmallD::builder().token("a.b.c");
    for (builder, words) in [
        (SmallD::builder().token(" "), "the bot token is missing"),
        (SmallD::builder().token("two words"), "white space"),
        (
            with_token().base_url("https://discord.com/api/v6"),
            "retired",
        ),
        (
            with_token().base_url("http://example.org/api/v10"),
            "not encrypted",
        ),
        (with_token().base_url("discord"), "is not a URL"),
        (with_token().shard((2, 2)), "`shard` is (2, 2)"),
        (
            with_token().identify(json!([])),
            "`identify` must be a JSON object",
        ),
        (
            with_token().identify(json!({ "token": "x.y.z" })),
            "`identify` must not contain `token`",
        ),
        (
            with_token().identify(json!({ "presence": {}, "intents": 1 })),
            "`identify` must not contain `intents`",
        ),
        (
            with_token().identify(json!({ "shard": [0, 1] })),
            "`identify` must not contain `shard`",
        ),
        (
            with_token().state(1_u8).state(2_u8),
            "two values of type `u8`",
        ),
        (with_token().user_agent("a\nb"), "`user_agent`"),
    ] {
        let error = build(builder);
        assert!(error.contains(words), "{error}");
    }
    assert!(
        with_token()
            .allow_http(true)
            .base_url("http://example.org/api/v10")
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn blocking_calls_in_async_code_say_what_to_write_instead() {
    let error = smalld::run!(token = "a.b.c").unwrap_err().to_string();
    assert!(error.contains("SmallD::builder().run().await"), "{error}");
    let bot = SmallD::builder().token("a.b.c").build().unwrap();
    assert!(bot.run_blocking().is_err());
    let error = bot.get("/users/@me").wait().unwrap_err().to_string();
    assert!(error.contains("`.await`"), "{error}");
}

#[tokio::test]
async fn a_running_bot_cannot_be_run_again() {
    let running = Running::start(Handlers::new()).await;
    let error = running.bot.run().await.unwrap_err().to_string();
    assert!(error.contains("already running"), "{error}");
    running.close().await.unwrap();
}

#[test]
fn requests_can_be_made_without_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let bot = builder(&sandbox).build().unwrap();
    for _ in 0..3 {
        assert_eq!(
            bot.get("/users/@me").wait().unwrap()["id"],
            sandbox.bot_id()
        );
    }
    // On a thread of a runtime that may block.
    let id = runtime.block_on(async {
        tokio::task::spawn_blocking(move || bot.get("/users/@me").wait())
            .await
            .unwrap()
    });
    assert_eq!(id.unwrap()["id"], sandbox.bot_id());
}

#[test]
fn the_handle_and_its_requests_are_send() {
    fn anywhere<T: Clone + Send + Sync + 'static>() {}
    fn sent<T: Future + Send + 'static>() {}
    anywhere::<SmallD>();
    sent::<smalld::rest::Request>();
}
