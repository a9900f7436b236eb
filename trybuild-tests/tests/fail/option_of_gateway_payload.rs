#[smalld::on(message_create, op = 0)]
async fn handler() {}

fn main() {}
