#[smalld::on_gateway_payload(op = 10, t = "READY")]
async fn handler() {}

fn main() {}
