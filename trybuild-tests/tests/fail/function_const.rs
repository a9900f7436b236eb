#[smalld::on(message_create)]
const fn handler() {}

fn main() {}
