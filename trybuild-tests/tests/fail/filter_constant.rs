#[smalld::on(interaction_create, "/type" = TYPE)]
async fn handler() {}

const TYPE: u8 = 2;

fn main() {}
