#[smalld::on(message_create, "/content" = "!"...)]
fn commands() {}

fn main() {}
