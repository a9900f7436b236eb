#[smalld::on(banana)]
async fn handler() {}

fn main() {}
