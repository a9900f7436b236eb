fn main() -> smalld::Result<()> {
    smalld::run!(tokn = "x")
}
