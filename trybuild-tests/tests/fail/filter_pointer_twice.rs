#[smalld::on(interaction_create, "/type" = 2, "/type" = 3)]
async fn handler() {}

fn main() {}
