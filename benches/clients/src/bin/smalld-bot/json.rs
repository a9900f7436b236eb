//! Parses each message into [`Json`].

use smalld::{Json, Shard};

#[smalld::on(message_create)]
async fn on_message(shard: Shard, message: Json) -> smalld::Result<()> {
    if message["content"] == crate::MARKER {
        crate::answer(&shard).await?;
    }
    Ok(())
}
