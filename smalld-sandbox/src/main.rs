//! A Discord in the terminal: starts a bot against a sandbox, shows the conversation, and says
//! what is typed. All that a bot can notice is the library's business.

mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    terminal::main()
}
