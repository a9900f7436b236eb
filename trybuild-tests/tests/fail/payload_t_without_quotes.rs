#[smalld::on_gateway_payload(t = READY)]
async fn handler() {}

fn main() {}
