fn main() -> smalld::Result<()> {
    smalld::run!(intents = "GUILDS")
}
