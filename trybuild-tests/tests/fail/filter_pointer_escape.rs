#[smalld::on(interaction_create, "/data~2name" = "greet")]
async fn handler() {}

fn main() {}
