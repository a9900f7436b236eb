#[smalld::on("an_event_newer_than_smalld")]
async fn handler() {}

fn main() {}
