fn main() {
    let _ = smalld::path!("/users/{user.id}");
}
