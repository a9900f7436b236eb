#[smalld::on_gateway_payload(opcode = 0)]
async fn handler() {}

fn main() {}
