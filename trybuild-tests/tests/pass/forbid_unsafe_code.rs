#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    rust_2018_idioms,
    single_use_lifetimes
)]
//! Generated code keeps to the strictest settings of its users.

use smalld::{Json, SmallD, path};

#[smalld::on(message_create, "/content" = "++ping", ordered)]
async fn handler(bot: SmallD, msg: Json) -> smalld::Result<()> {
    bot.get(path!("/channels/{}/messages", msg["channel_id"]))
        .await?;
    Ok(())
}

#[smalld::on_gateway_payload]
fn whole(_: Json) {}

#[test]
fn compiles() {}
