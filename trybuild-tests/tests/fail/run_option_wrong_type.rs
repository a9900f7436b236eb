fn main() -> smalld::Result<()> {
    smalld::run!(shutdown_timeout = "10 s")
}
