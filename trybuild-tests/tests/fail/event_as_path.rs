#[smalld::on(Event::MessageCreate)]
async fn handler() {}

fn main() {}
