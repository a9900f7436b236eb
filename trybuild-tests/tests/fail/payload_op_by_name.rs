#[smalld::on_gateway_payload(op = HELLO)]
async fn handler() {}

fn main() {}
