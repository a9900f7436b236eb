#[smalld::on(message_create)]
mod handlers {}

fn main() {}
