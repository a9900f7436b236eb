#[smalld::on(message_create)]
unsafe fn handler() {}

fn main() {}
