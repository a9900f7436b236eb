fn main() {
    let _ = smalld::path!("/users/{id}");
}
