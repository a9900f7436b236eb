#[smalld::on_gateway_payload(op = 256)]
async fn handler() {}

fn main() {}
