#[smalld::on(interaction_create, "/type" = 2u8)]
async fn handler() {}

fn main() {}
