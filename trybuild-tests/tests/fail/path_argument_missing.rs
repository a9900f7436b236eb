fn main() {
    let _ = smalld::path!("/guilds/{}/members/{}", 1);
}
