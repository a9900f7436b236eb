//! Handles nothing that occurs in the traffic without messages.

use smalld::Shard;

#[smalld::on(message_create, "/content" = "load: mark")]
async fn on_marker(shard: Shard) -> smalld::Result<()> {
    crate::answer(&shard).await
}
