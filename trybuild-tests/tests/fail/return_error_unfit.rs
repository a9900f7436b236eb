#[smalld::on(message_create)]
async fn handler() -> Result<(), Mistake> {
    Err(Mistake)
}

struct Mistake;

fn main() {}
