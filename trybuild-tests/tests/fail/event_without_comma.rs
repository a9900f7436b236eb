#[smalld::on(message_create message_update)]
async fn handler() {}

fn main() {}
