#[smalld::on("message_create")]
async fn handler() {}

fn main() {}
