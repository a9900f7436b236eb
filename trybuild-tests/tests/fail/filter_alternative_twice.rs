#[smalld::on(interaction_create, "/type" = 2 | 4 | 2)]
async fn handler() {}

fn main() {}
