#[smalld::on(mesage_create)]
async fn handler() {}

fn main() {}
