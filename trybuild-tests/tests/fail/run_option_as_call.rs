fn main() -> smalld::Result<()> {
    smalld::run!(token("a.b.c"))
}
