#[smalld::on(message_create)]
async fn handler<const N: usize>(_: [u8; N]) {}

fn main() {}
