#[smalld::on(interaction_create, kind = 2)]
async fn handler() {}

fn main() {}
