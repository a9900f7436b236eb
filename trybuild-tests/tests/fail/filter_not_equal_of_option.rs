#[smalld::on_gateway_payload(op != 0)]
async fn handler() {}

fn main() {}
