//! Two handlers with pointer filters that seldom match.

use smalld::{Json, Shard};

#[smalld::on(message_create, "/content" = "load: mark")]
async fn on_marker(shard: Shard) -> smalld::Result<()> {
    crate::answer(&shard).await
}

#[smalld::on(message_create, "/author/username" = "nobody", "/type" = 0)]
async fn on_message_of_nobody(shard: Shard, message: Json) -> smalld::Result<()> {
    assert!(message.is_null(), "nobody wrote a message");
    crate::answer(&shard).await
}
