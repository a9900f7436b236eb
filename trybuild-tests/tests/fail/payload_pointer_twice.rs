#[smalld::on_gateway_payload("/d/v" = 9, "/d/v" = 10)]
async fn handler() {}

fn main() {}
