#[smalld::on(message_create)]
async fn handler(_: Option<impl Clone>) {}

fn main() {}
