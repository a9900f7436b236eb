struct Bot;

impl Bot {
    #[smalld::on(message_create)]
    async fn handler(&self, _: smalld::Json) {}
}

fn main() {}
