fn main() {
    struct User;
    let user = User;
    let _ = smalld::path!("/users/{user}");
}
