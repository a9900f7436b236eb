fn main() {
    let _ = smalld::path!("/channels/{}/messages?limit=5", 1);
}
