#[smalld::on(mesage_create, orderd, "type" = 2.0, "/id" = 5)]
unsafe fn handler<T>(_: impl Sized) {}

fn main() {}
