//! Imported rather than written out, and beside a module of the same name.
#![deny(warnings)]

mod handlers {
    use smalld::on;

    #[on(message_create)]
    async fn on_message(_: smalld::Json) {}

    #[on(ready)]
    async fn on_ready() {}
}

use smalld::{on_gateway_payload as every, path as route};

#[every]
fn on() {}

#[test]
fn compiles() {
    let _ = route!("/gateway/bot");
}
