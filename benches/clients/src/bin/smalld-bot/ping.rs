//! The ping bot of the README.

use smalld::{Json, SmallD, json, path};

#[smalld::on(message_create)]
async fn on_message(bot: SmallD, message: Json) -> smalld::Result<()> {
    if message["content"] == crate::PING {
        let channel = &message["channel_id"];
        let pong = json!({ "content": "pong" });
        bot.post(path!("/channels/{channel}/messages"), pong)
            .await?;
    }
    Ok(())
}
