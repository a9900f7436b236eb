#![deny(warnings)]
#![allow(clippy::non_minimal_cfg)]

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

#[smalld::on(message_create)]
#[cfg_attr(all(), cfg(any()), allow(dead_code))]
async fn inside_of_another(_: NoSuchType) {}

#[smalld::on(message_create)]
#[cfg_attr(all(), allow(dead_code), cfg_attr(all(), cfg(all())))]
#[cfg_attr(any(), cfg(any()))]
async fn kept_as_well(#[cfg_attr(all(), cfg(any()))] _absent: NoSuchType) {}

#[test]
fn compiles() {}
