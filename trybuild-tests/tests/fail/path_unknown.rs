fn main() {
    let _ = smalld::path!("/channels/{}/mesages", 1);
}
