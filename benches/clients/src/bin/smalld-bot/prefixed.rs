//! Two handlers with prefix filters that seldom match.

use smalld::{Json, Shard};

#[smalld::on(message_create, "/content" = "load: "..)]
async fn on_marker(shard: Shard) -> smalld::Result<()> {
    crate::answer(&shard).await
}

#[smalld::on(message_create, "/content" = "!"..)]
async fn on_command(shard: Shard, message: Json) -> smalld::Result<()> {
    assert!(message.is_null(), "nobody wrote a command");
    crate::answer(&shard).await
}
