#[smalld::on(message_create, ordered, ordered)]
async fn handler() {}

fn main() {}
