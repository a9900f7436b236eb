#[smalld::on(message_create, mess)]
async fn handler() {}

fn main() {}
