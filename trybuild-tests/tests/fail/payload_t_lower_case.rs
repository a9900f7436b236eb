#[smalld::on_gateway_payload(t = "ready")]
async fn handler() {}

fn main() {}
