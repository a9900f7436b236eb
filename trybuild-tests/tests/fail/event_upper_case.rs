#[smalld::on(MESSAGE_CREATE)]
async fn handler() {}

fn main() {}
