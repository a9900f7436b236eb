#[smalld::on(message_create)]
async fn handler() -> String {
    String::new()
}

fn main() {}
