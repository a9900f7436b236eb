//! Answers "++cat" with a picture of a cat.
//!
//!     cargo run -p smalld-sandbox -- cargo run --example cat_bot

use smalld::{Json, SmallD, json, path};

const CAT: &[u8] = include_bytes!("cat.png");

#[smalld::on(message_create, "/content" = "++cat")]
async fn on_cat(bot: SmallD, msg: Json) -> smalld::Result<()> {
    bot.post(
        path!("/channels/{}/messages", msg["channel_id"]),
        json!({ "content": "meow" }),
    )
    .attachment(("cat.png", CAT, "image/png"))
    .await?;
    Ok(())
}

fn main() -> smalld::Result<()> {
    smalld::run!()
}
