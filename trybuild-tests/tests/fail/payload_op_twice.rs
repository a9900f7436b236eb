#[smalld::on_gateway_payload(op = 0, op = 1)]
async fn handler() {}

fn main() {}
