fn main() {
    let _ = smalld::path!(format!("/users/{}", 1));
}
