#![deny(warnings)]

#[cfg(any())]
#[smalld::on(message_create)]
async fn above(_: NoSuchType) {}

#[smalld::on(message_create)]
#[cfg(any())]
async fn below(_: NoSuchType) {}

#[smalld::on(message_create)]
#[cfg(all())]
#[smalld::on(message_update)]
#[cfg(any())]
#[smalld::on(message_delete)]
async fn between(_: NoSuchType) {}

#[smalld::on(message_create)]
#[cfg_attr(any(), no_such_attribute)]
#[cfg(all())]
async fn kept() {}

fn main() {}
