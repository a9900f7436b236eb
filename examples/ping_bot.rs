//! Answers "++ping" with "pong".
//!
//!     cargo run -p smalld-sandbox -- cargo run --example ping_bot

use smalld::{Json, SmallD, json, path};

#[smalld::on(message_create)]
async fn on_message(bot: SmallD, msg: Json) -> smalld::Result<()> {
    if msg["content"] == "++ping" {
        let channel = &msg["channel_id"];
        bot.post(
            path!("/channels/{channel}/messages"),
            json!({ "content": "pong" }),
        )
        .await?;
    }
    Ok(())
}

fn main() -> smalld::Result<()> {
    smalld::run!()
}
