#[smalld::on(message_create)]
const HANDLER: fn() = || {};

fn main() {}
