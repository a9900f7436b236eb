//! A Discord in the terminal: starts a bot against a sandbox, shows the conversation, and sends what
//! is typed. The library decides everything that a bot can notice.

mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    terminal::main()
}
