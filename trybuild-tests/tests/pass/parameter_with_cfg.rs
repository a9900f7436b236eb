#![deny(warnings)]
#![allow(clippy::non_minimal_cfg)]

#[smalld::on(message_create)]
async fn handler(
    #[cfg(any())] absent: NoSuchType,
    #[cfg(all())] json: smalld::Json,
    #[allow(unused_variables)] bot: smalld::SmallD,
) {
    drop(json);
}

#[test]
fn compiles() {}
