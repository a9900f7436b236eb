//! Generated code relies on no name that users can take.
#![deny(warnings)]
#![allow(dead_code, unused_macros)]

type Result<T> = ::std::result::Result<T, ::smalld::BoxError>;
type Option = ();
type Box = ();
struct Some;
struct None;
struct Ok;
mod smalld {}
mod core {}
mod std {}

macro_rules! line {
    () => {
        compile_error!("not this one")
    };
}

macro_rules! concat {
    () => {
        compile_error!("not this one")
    };
}

#[::smalld::on(message_create, "/type" = 0)]
async fn handler(_: ::smalld::Json) -> Result<()> {
    Result::Ok(())
}

#[::smalld::on_gateway_payload(op = 10)]
fn hello(_: ::smalld::Json) -> Result<()> {
    Result::Ok(())
}

#[test]
fn compiles() {
    let _ = ::smalld::path!("/users/{}", 1);
}
