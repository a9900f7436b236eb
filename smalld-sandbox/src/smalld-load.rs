//! Measures clients of the gateway, of any library: what an event costs them, how fast they answer, and how
//! much memory a shard takes. All figures come from the operating system and from what the client sends; the
//! client need not cooperate, except that it answers a marker.

mod load;

use std::process::ExitCode;

fn main() -> ExitCode {
    load::main()
}
