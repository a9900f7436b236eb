#[smalld::on(message_create, "/content" = "a".."z")]
async fn handler() {}

fn main() {}
