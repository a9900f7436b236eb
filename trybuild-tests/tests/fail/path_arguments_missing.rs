fn main() {
    let _ = smalld::path!("/channels/{}");
}
