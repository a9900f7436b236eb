fn main() -> smalld::Result<()> {
    smalld::run!(token)
}
