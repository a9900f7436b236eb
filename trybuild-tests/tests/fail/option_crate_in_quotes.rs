#[smalld::on(message_create, crate = "my_smalld")]
async fn handler() {}

fn main() {}
