#[smalld::on(message_create)]
async fn handler() -> Result<String, std::io::Error> {
    Ok(String::new())
}

fn main() {}
