#[smalld::on(message_create, ordered = true)]
async fn handler() {}

fn main() {}
