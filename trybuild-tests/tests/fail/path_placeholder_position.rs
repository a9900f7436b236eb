fn main() {
    let _ = smalld::path!("/users/{0}", 1);
}
