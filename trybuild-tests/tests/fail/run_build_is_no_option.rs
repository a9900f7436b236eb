fn main() -> smalld::Result<()> {
    smalld::run!(build = true)
}
