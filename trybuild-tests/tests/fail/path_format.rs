fn main() {
    let id = 1;
    let _ = smalld::path!("/users/{id:?}");
}
