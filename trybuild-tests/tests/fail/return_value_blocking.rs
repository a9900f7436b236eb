#[smalld::on(message_create)]
fn handler() -> Option<()> {
    None
}

fn main() {}
