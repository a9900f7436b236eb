#[smalld::on_gateway_payload(message_create)]
async fn handler() {}

fn main() {}
