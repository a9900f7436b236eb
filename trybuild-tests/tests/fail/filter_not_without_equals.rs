#[smalld::on(message_create, "/author/bot" ! true)]
async fn handler() {}

fn main() {}
