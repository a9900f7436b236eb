#[smalld::on(message_create)]
async fn handler<T: serde::de::DeserializeOwned>(_: T) {}

fn main() {}
