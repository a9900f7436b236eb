//! Prints every gateway payload exactly as Discord sent it.
//!
//!     cargo run -p smalld-sandbox -- cargo run --example gateway_logger

use smalld::Payload;

#[smalld::on_gateway_payload]
fn log(payload: Payload) {
    println!("{}", payload.text());
}

fn main() -> smalld::Result<()> {
    smalld::run!()
}
