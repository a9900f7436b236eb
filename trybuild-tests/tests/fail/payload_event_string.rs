#[smalld::on_gateway_payload("MESSAGE_CREATE")]
async fn handler() {}

fn main() {}
