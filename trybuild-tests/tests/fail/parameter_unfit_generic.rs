#[smalld::on(message_create)]
async fn handler(_: Option<Vec<Member>>) {}

struct Member {
    name: String,
}

fn main() {}
