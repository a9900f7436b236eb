#![deny(warnings)]

use smalld::{Json, path};

#[smalld::on(message_create)]
async fn r#type(r#match: Json) {
    drop(r#match);
}

#[smalld::on(message_create)]
fn r#async() {}

#[test]
fn compiles() {
    let r#type = 5;
    let _ = path!("/users/{type}");
}
