fn main() -> smalld::Result<()> {
    smalld::run!(run_blocking = true, token = "a.b.c")
}
