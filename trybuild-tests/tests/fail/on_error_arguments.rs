#[smalld::on_error("/code" = 1, ordered)]
async fn tell() {}

fn main() {}
