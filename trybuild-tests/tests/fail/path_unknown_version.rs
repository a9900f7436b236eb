fn main() {
    let _ = smalld::path!("/api/v10/users/@me");
}
