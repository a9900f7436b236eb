#[smalld::on(message_create)]
async fn handler<'a>(_: Msg<'a>) {}

#[derive(serde::Deserialize)]
struct Msg<'a> {
    id: &'a str,
}

fn main() {}
