fn main() {
    let _ = smalld::path!("/guilds/{}/roles/member-count", 1);
}
