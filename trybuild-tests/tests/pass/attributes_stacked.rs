#![deny(warnings)]
#![allow(unused_qualifications)]

/// Documented above.
#[smalld::on(message_create)]
#[smalld::on(message_update, "/type" = 0)]
#[smalld::on_gateway_payload(op = 11)]
/// Documented below.
#[allow(dead_code)]
#[rustversion::attr(all(), allow(unused_variables))]
#[must_use]
pub async fn handler(json: smalld::Json) -> smalld::Result<()> {
    Ok(())
}

#[rustversion::attr(all(), allow(unused_variables))]
#[inline]
#[smalld::on(ready)]
pub(crate) fn last(json: smalld::Json) {}

#[test]
fn compiles() {
    // The function itself is untouched.
    drop(handler(smalld::Json::Null));
    last(smalld::Json::Null);
}
