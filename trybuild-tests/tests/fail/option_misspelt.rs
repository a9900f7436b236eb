#[smalld::on(message_create, orderd)]
async fn handler() {}

fn main() {}
