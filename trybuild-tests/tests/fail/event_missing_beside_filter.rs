#[smalld::on("/type" = 2)]
async fn handler() {}

fn main() {}
