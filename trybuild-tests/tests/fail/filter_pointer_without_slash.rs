#[smalld::on(interaction_create, "data.name" = "greet")]
async fn handler() {}

fn main() {}
