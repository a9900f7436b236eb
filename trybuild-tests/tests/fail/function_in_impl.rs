struct Bot;

impl Bot {
    #[smalld::on(message_create)]
    async fn handler(_: smalld::Json) {}
}

fn main() {}
