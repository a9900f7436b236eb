#[smalld::on(MessageCreate)]
async fn handler() {}

fn main() {}
