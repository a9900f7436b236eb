#![deny(warnings)]

use smalld::{Json, Payload};

#[smalld::on_gateway_payload]
async fn every(payload: Payload, whole: Json) {
    drop((payload, whole));
}

#[smalld::on_gateway_payload()]
fn every_again() {}

#[smalld::on_gateway_payload(op = 0, t = "READY", "/d/v" = 10)]
async fn ready(whole: Json) -> smalld::Result<()> {
    drop(whole);
    Ok(())
}

#[smalld::on_gateway_payload(t = "AN_EVENT_NEWER_THAN_SMALLD", ordered)]
fn named() {}

#[smalld::on_gateway_payload(op = 255, "/s" = null)]
fn opcode() {}

#[test]
fn compiles() {}
