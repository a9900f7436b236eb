#[smalld::on(message_create, "/guild_id" != "1" | 81384788765712384)]
async fn handler() {}

fn main() {}
