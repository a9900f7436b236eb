#[smalld::on("")]
async fn handler() {}

fn main() {}
