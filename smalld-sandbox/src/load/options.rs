//! The command line.

use std::str::FromStr;

use smalld_sandbox::traffic::{Encoding, Mix};

use crate::load::client::Program;
use crate::load::scenario::Scenario;

pub(crate) const HELP: &str = "\
usage: smalld-load SCENARIO [OPTIONS] NAME[/REFERENCE..]=COMMAND..

Starts each COMMAND with SMALLD_BASE_URL, SMALLD_TOKEN, LOAD_ENCODING and LOAD_SHARDS set, and measures it. The
clients take turns, ROUNDS times. The tables show medians and, in parentheses, ratios to the clients that are
named as REFERENCE. `{encoding}` in a COMMAND is replaced. COMMAND must be the client itself, not a script
around it. Clients answer a MESSAGE_CREATE with the content `load: mark` by a presence update (opcode 3), and one
with the content `load: ping` by a POST to the messages of its channel.

scenarios:
  flood                  CPU time per event, events per second, allocations per event
  ping                   time from a message to the answer, idle and under load
  rest                   CPU time per request and requests per second; the client starts as many as it likes
  idle                   memory of shards without traffic, after a burst of guilds
  start                  time until IDENTIFY, and until the first event is handled

options:
      --encodings LIST   of plain, zlib and zstd, separated by commas; plain without this
      --mix MIX          flood: mixed, unhandled or messages; mixed without this
      --events N         flood: events per shard; 200000 without this
      --pings N          ping: messages, idle and under load; 2000 without this
      --requests N       rest: measured requests; 20000 without this
      --shards LIST      numbers of shards; the first only, except for idle; 1 without this
      --guilds N         idle: guilds of each shard; 10 without this
      --rounds N         how often each client runs; 5 without this
      --plain LIST       clients that run without compression only
      --only LIST        only clients whose names contain one of these words
  -v, --verbose          print each run to stderr, and what clients print there
  -h, --help             print this help
";

pub(crate) enum Invocation {
    Run(Options),
    Help,
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) scenario: Scenario,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) mix: Mix,
    pub(crate) events: usize,
    pub(crate) pings: usize,
    pub(crate) requests: u64,
    pub(crate) shards: Vec<u32>,
    pub(crate) guilds: usize,
    pub(crate) rounds: usize,
    pub(crate) plain_only: Vec<String>,
    pub(crate) verbose: bool,
    pub(crate) programs: Vec<Program>,
}

impl Options {
    pub(crate) fn runs(&self, program: &Program, encoding: Encoding) -> bool {
        encoding == Encoding::Plain || !self.plain_only.contains(&program.name)
    }
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Invocation, String> {
    let mut arguments = arguments.into_iter();
    let scenario = arguments.next().ok_or("a scenario is missing")?;
    if matches!(scenario.as_str(), "-h" | "--help") {
        return Ok(Invocation::Help);
    }
    let mut options = Options {
        scenario: scenario.parse()?,
        encodings: vec![Encoding::Plain],
        mix: Mix::Mixed,
        events: 200_000,
        pings: 2_000,
        requests: 20_000,
        shards: vec![1],
        guilds: 10,
        rounds: 5,
        plain_only: Vec::new(),
        verbose: false,
        programs: Vec::new(),
    };
    let mut only: Vec<String> = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or(format!("`{argument}` needs a value"))
        };
        match argument.as_str() {
            "-h" | "--help" => return Ok(Invocation::Help),
            "-v" | "--verbose" => options.verbose = true,
            "--encodings" => options.encodings = list(&value()?)?,
            "--mix" => options.mix = value()?.parse().map_err(text)?,
            "--events" => options.events = number(&value()?)?,
            "--pings" => options.pings = number(&value()?)?,
            "--requests" => options.requests = number(&value()?)?,
            "--shards" => options.shards = list(&value()?)?,
            "--guilds" => options.guilds = number(&value()?)?,
            "--plain" => options.plain_only = list(&value()?)?,
            "--only" => only = list(&value()?)?,
            "--rounds" => options.rounds = number(&value()?)?,
            unknown if unknown.starts_with('-') => {
                return Err(format!("unknown option `{unknown}`"));
            }
            program => options.programs.push(Program::parse(program)?),
        }
    }
    check(&options)?;
    let is_wanted = |program: &Program| only.iter().any(|word| program.name.contains(word));
    for program in &mut options.programs {
        program.shows_stderr = options.verbose;
    }
    options
        .programs
        .retain(|program| only.is_empty() || is_wanted(program));
    Ok(Invocation::Run(options))
}

fn check(options: &Options) -> Result<(), String> {
    let names: Vec<_> = options
        .programs
        .iter()
        .map(|program| &program.name)
        .collect();
    if names.is_empty() {
        return Err("there is no client to measure: add NAME=COMMAND".to_owned());
    }
    let references = options
        .programs
        .iter()
        .flat_map(|program| &program.references);
    for reference in references {
        if !names.contains(&reference) {
            return Err(format!("no client is called `{reference}`"));
        }
    }
    if options.shards.contains(&0) || options.rounds == 0 || options.events == 0 {
        return Err("`--shards`, `--rounds` and `--events` must be at least 1".to_owned());
    }
    Ok(())
}

fn list<T: FromStr<Err: ToString>>(value: &str) -> Result<Vec<T>, String> {
    value
        .split(',')
        .map(|part| part.parse().map_err(text))
        .collect()
}

fn number<T: FromStr<Err: ToString>>(value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|error: T::Err| format!("`{value}`: {}", error.to_string()))
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn text(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        match parse(line.split(' ').map(str::to_owned))? {
            Invocation::Run(options) => Ok(options),
            Invocation::Help => Err("help".to_owned()),
        }
    }

    #[test]
    fn a_line_is_a_scenario_options_and_clients() {
        let line = "flood --encodings plain,zlib --mix messages --rounds 3 look=floor bot/look=bot";
        let options = parsed(line).unwrap();
        assert_eq!(options.encodings, [Encoding::Plain, Encoding::Zlib]);
        assert_eq!((options.mix, options.rounds), (Mix::Messages, 3));
        assert_eq!(options.programs[1].references, ["look"]);
        let options = parsed("flood --only bot look=floor bot/look=bot").unwrap();
        assert_eq!(options.programs.len(), 1);
    }

    #[test]
    fn mistakes_are_named() {
        for (line, mistake) in [
            ("fly a=b", "fly"),
            ("flood", "no client"),
            ("flood a/b=c", "`b`"),
            ("flood --rounds a=b", "a=b"),
            ("flood --round 3 a=b", "--round"),
            ("flood --encodings etf a=b", "plain"),
            ("flood --shards 0 a=b", "--shards"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(mistake), "{line}: {error}");
        }
    }
}
