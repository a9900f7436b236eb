fn main() -> smalld::Result<()> {
    smalld::run!(token = "a.b.c" shard = (0, 1))
}
