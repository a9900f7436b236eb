#[smalld::on(message_create)]
extern "C" fn handler() {}

fn main() {}
