//! Requests without a gateway: as many as the server answers, some at once.

use smalld::{SmallD, json, path};
use tokio::task::JoinSet;

pub(crate) fn run(at_once: u32) -> smalld::Result<()> {
    let bot = crate::bot().build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let mut callers = JoinSet::new();
        for channel in 1..=at_once {
            callers.spawn(call(bot.clone(), channel));
        }
        callers.join_all().await.into_iter().collect()
    })
}

async fn call(bot: SmallD, channel: u32) -> smalld::Result<()> {
    loop {
        let pong = json!({ "content": "pong" });
        bot.post(path!("/channels/{channel}/messages"), pong)
            .await?;
    }
}
