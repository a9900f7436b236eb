//! Several bots in one process, each with its own handlers.

use crate::support::{Running, TIMEOUT};
use smalld::handler::Handlers;
use smalld::{Json, SmallD, json, path};
use smalld_sandbox::Sandbox;

async fn answer(bot: SmallD, msg: Json, content: &str) -> smalld::Result<()> {
    if msg["content"] == "who?" {
        bot.post(
            path!("/channels/{}/messages", msg["channel_id"]),
            json!({ "content": content }),
        )
        .await?;
    }
    Ok(())
}

mod cat {
    use super::*;

    #[smalld::on(message_create)]
    async fn on_message(bot: SmallD, msg: Json) -> smalld::Result<()> {
        answer(bot, msg, "cat").await
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

mod dog {
    use super::*;

    #[smalld::on(message_create)]
    async fn on_message(bot: SmallD, msg: Json) -> smalld::Result<()> {
        answer(bot, msg, "dog").await
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

#[tokio::test]
async fn each_bot_has_its_own_table() {
    let bird = Handlers::new().on("MESSAGE_CREATE", |bot, payload| async move {
        let msg: Json = payload.json()?;
        answer(bot, msg, "bird").await
    });
    let everybody = [
        ("cat", cat::handlers()),
        ("dog", dog::handlers()),
        ("bird", bird),
    ];
    let mut bots = Vec::new();
    for (name, handlers) in everybody {
        let running = Running::start(handlers).await;
        running.sandbox.say("who?");
        bots.push((name, running));
    }
    for (name, running) in bots {
        running.says(name).await;
        let by_bot = |sandbox: &Sandbox| {
            let messages = sandbox.messages().into_iter();
            messages
                .filter(|message| message["author"]["bot"] == true)
                .count()
        };
        assert!(
            running
                .sandbox
                .wait_until(|sandbox| by_bot(sandbox) == 1, TIMEOUT)
                .await
        );
        running.close().await.unwrap();
    }
}
