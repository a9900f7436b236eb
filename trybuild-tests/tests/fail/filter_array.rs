#[smalld::on(interaction_create, "/types" = [1, 2])]
async fn handler() {}

fn main() {}
