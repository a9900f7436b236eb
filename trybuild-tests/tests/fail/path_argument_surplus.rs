fn main() {
    let _ = smalld::path!("/users/{}", 1, 2 + 3);
}
