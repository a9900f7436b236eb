#![deny(warnings)]

pub(crate) mod framework {
    pub use smalld as reexport;

    macro_rules! handler {
        ($name:ident) => {
            #[smalld::on(ready, crate = $crate::framework::reexport)]
            async fn $name() {}
        };
    }

    pub(crate) use handler;
}

use framework::reexport;

#[my_smalld::on(message_create, crate = ::my_smalld)]
async fn absolute(_: my_smalld::Json) {}

#[reexport::on_gateway_payload(op = 10, crate = framework::reexport)]
fn relative(_: reexport::Json) {}

#[framework::reexport::on(crate = crate::framework::reexport, ready)]
fn from_the_root() {}

framework::handler!(made);

#[test]
fn compiles() {
    let _ = my_smalld::path!(crate = ::my_smalld, "/users/@me");
    let _ = reexport::path!(crate = framework::reexport, new "/things/{}", 1);
}
