#[smalld::on_start(ready)]
async fn prepare() {}

fn main() {}
