fn main() {
    let _ = smalld::path!("/users/{}", id = 1);
}
