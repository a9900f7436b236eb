//! The program for people. It uses only the library's public items, as any other front end would.

mod child;
mod close_code;
mod escape;
mod expectations;
mod message;
mod options;
mod outcome;
mod plan;
mod session;
mod signals;
mod streams;
mod transcript;

use std::env;
use std::process::ExitCode;

use options::{HELP, Invocation};

/// The usual exit status for a mistake in the command line.
const USAGE_ERROR: u8 = 2;
const FAILED: u8 = 1;

pub(crate) fn main() -> ExitCode {
    let options = match options::parse(env::args_os().skip(1)) {
        Ok(Invocation::Run(options)) => options,
        Ok(Invocation::Help) => return streams::answer(HELP),
        Ok(Invocation::Version) => {
            return streams::answer(concat!("smalld-sandbox ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Err(mistake) => {
            streams::print_error(&mistake);
            streams::print_error("`smalld-sandbox --help` lists the options");
            return USAGE_ERROR.into();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(session::run(options)).into(),
        Err(error) => {
            streams::print_error(&format!("cannot start the runtime: {error}"));
            FAILED.into()
        }
    }
}
