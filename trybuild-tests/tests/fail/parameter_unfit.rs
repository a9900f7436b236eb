#[smalld::on(message_create)]
async fn handler(_: smalld::SmallD, _: Member) {}

struct Member {
    name: String,
}

fn main() {}
