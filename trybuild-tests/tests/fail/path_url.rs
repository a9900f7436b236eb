fn main() {
    let _ = smalld::path!("https://discord.com/api/v10/users/@me");
}
