#[smalld::on(message_create, "MESSAGE_CREATE")]
async fn handler() {}

fn main() {}
