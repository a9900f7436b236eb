#[smalld::on(interaction_create, "/version" = 1.0)]
async fn handler() {}

fn main() {}
