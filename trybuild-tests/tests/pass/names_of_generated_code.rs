//! A handler may be called what generated code calls its own things.
#![deny(warnings)]

use smalld::{Json, SmallD};

#[smalld::on(message_create)]
async fn event(event: Json) {
    drop(event);
}

#[smalld::on(message_create)]
async fn bot(bot: SmallD, payload: Json) {
    drop((bot, payload));
}

#[smalld::on(message_create)]
fn payload(bot: SmallD) {
    drop(bot);
}

#[smalld::on(message_create)]
async fn returned(returned: SmallD) {
    drop(returned);
}

#[smalld::on(message_create)]
fn extract() {}

#[smalld::on(message_create)]
fn outcome() {}

#[smalld::on(message_create)]
async fn boxed() {}

#[test]
fn compiles() {}
