#[smalld::on(message_create)]
struct Handler;

fn main() {}
