#[smalld::on(interaction_create, "/type" !=)]
async fn handler() {}

fn main() {}
