#[smalld::on(interaction_create, "/type" = 2 |)]
async fn handler() {}

fn main() {}
