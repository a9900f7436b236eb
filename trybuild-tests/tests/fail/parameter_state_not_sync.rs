#[smalld::on(message_create)]
async fn handler(_: smalld::State<std::cell::Cell<u64>>) {}

fn main() {}
