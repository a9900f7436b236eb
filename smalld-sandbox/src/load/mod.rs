//! The program `smalld-load`. `options` are the command line, `client` is the process that is measured, `server`
//! is what it connects to, a `scenario` says what is done with it, and `table` prints what was measured.

mod client;
mod options;
mod scenario;
mod server;
mod table;

use std::env;
use std::io;
use std::process::ExitCode;

use crate::load::options::{HELP, Invocation, Options};
use crate::load::table::Tables;

/// The usual exit status for a mistake in the command line.
const USAGE_ERROR: u8 = 2;

pub(crate) fn main() -> ExitCode {
    let options = match options::parse(env::args().skip(1)) {
        Ok(Invocation::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Invocation::Run(options)) => options,
        Err(mistake) => {
            eprintln!("smalld-load: {mistake}\n`smalld-load --help` lists the options");
            return USAGE_ERROR.into();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(measure(&options))) {
        Ok(tables) => {
            print!("{tables}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("smalld-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// All rounds: in each of them every program runs once, so that other load on the machine affects all alike.
async fn measure(options: &Options) -> io::Result<Tables> {
    let columns = options.encodings.iter().map(|encoding| encoding.name());
    let metrics = options.scenario.metrics(options);
    let mut tables = Tables::new(metrics, &options.programs, columns.collect());
    for (column, encoding) in options.encodings.iter().enumerate() {
        let prepared = options.scenario.prepare(options, *encoding);
        for round in 0..options.rounds {
            for (row, program) in options.programs.iter().enumerate() {
                if !options.runs(program, *encoding) {
                    continue;
                }
                if options.verbose {
                    eprintln!("{} {} round {}", program.name, encoding.name(), round + 1);
                }
                let measured = prepared.run(program).await;
                let measured = measured.map_err(|error| {
                    io::Error::other(format!("{} ({}): {error}", program.name, encoding.name()))
                })?;
                tables.add(row, column, measured);
            }
        }
    }
    Ok(tables)
}
