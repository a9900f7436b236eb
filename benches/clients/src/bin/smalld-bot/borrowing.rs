//! Parses each message into a struct that borrows from the payload.

use std::borrow::Cow;

use serde::Deserialize;
use smalld::Shard;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[smalld::on(message_create)]
async fn on_message(shard: Shard, message: Message<'_>) -> smalld::Result<()> {
    if message.content == crate::MARKER {
        crate::answer(&shard).await?;
    }
    Ok(())
}
