#[smalld::on(message_create)]
async fn handler(_: &smalld::SmallD) {}

fn main() {}
