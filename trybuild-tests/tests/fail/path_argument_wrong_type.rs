fn main() {
    #[derive(Clone)]
    struct User {
        id: u64,
    }
    let _ = smalld::path!("/users/{}", User { id: 1 }.clone());
}
