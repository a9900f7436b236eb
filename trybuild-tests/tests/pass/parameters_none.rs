#![deny(warnings)]

#[smalld::on(ready)]
async fn waits() {}

#[smalld::on(ready)]
fn blocks() {}

#[smalld::on_gateway_payload]
fn whole() {}

#[test]
fn compiles() {}
