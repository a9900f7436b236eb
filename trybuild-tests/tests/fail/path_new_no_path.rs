fn main() {
    let _ = smalld::path!(new "things");
}
