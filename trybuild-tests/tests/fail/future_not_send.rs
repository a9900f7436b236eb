#[smalld::on(message_create)]
async fn handler(bot: smalld::SmallD) -> smalld::Result<()> {
    let count = std::rc::Rc::new(1);
    bot.get("/users/@me").await?;
    println!("{count}");
    Ok(())
}

fn main() {}
