use smalld::{Json, SmallD};

#[smalld::on(message_create)]
async fn handler(bot: SmallD, msg: Json) {
    let content = &msg["content"];
    if content == "++ping" {
        bot.
    }
}

fn main() {}
