fn main() -> smalld::Result<()> {
    smalld::run!("the.bot.token")
}
