//! The command line. Pure: words in, an [`Invocation`] or an error message out.

use std::ffi::OsString;
use std::iter;
use std::time::Duration;

pub(super) const HELP: &str = "\
A Discord on your own machine, to develop and test bots against.

Usage: smalld-sandbox [OPTIONS] [--] COMMAND [ARGS...]

Starts COMMAND with SMALLD_TOKEN and SMALLD_BASE_URL set and shows the conversation. Once the bot is
ready, every line from stdin is a message of the user `alex` in the channel `general`:

    smalld-sandbox cargo run --example ping_bot
    smalld-sandbox --say ++ping --expect pong cargo run --example ping_bot

At the end of stdin it waits until nothing has happened for two seconds and stops the bot. With
`--expect` it stops the bot as soon as everything expected was written, or after the timeout. Without
COMMAND it prints the address and the token, for a bot that is started by hand, and runs until ctrl-c.

Options end at the first other word, or at `--`:
      --say TEXT               send TEXT as soon as the bot is ready, before any line of stdin
      --expect TEXT            fail unless the bot writes a message in which TEXT occurs; the same
                               TEXT again means one more message
      --timeout SECONDS        the time for that, from when the bot is ready [30]
      --ready-timeout SECONDS  how long it may take to become ready, compiling included, with
                               `--expect` or if stdin is not a terminal [600]
      --stop-timeout SECONDS   how long it may take to stop before it is killed [15]
      --token TOKEN            the bot's token, instead of a new one
      --name NAME              the bot's username [pingbot]
      --port PORT              the port to serve on, instead of a free one
      --openapi FILE           check requests against Discord's own OpenAPI document, `specs/openapi.json`
                               of github.com/discord/discord-api-spec
      --no-privileged-intents  grant none of the privileged intents, as for a new application
  -h, --help                   print this
  -V, --version                print the version

`--say` and `--expect` can be repeated. A value may be attached, as in `--say=TEXT`.

The exit status is that of COMMAND, or 128 and the number of the signal that ended it; 0 if it
ended by the SIGTERM with which the bot is stopped. It is 1 if something expected was not written
or the bot was not ready in time, 2 for a mistake in the options, 126 or 127 if COMMAND cannot be
started.
";

#[derive(Debug, PartialEq)]
pub(super) enum Invocation {
    Help,
    Version,
    Run(Options),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    /// Empty if the bot is started by hand.
    pub(super) command: Vec<OsString>,
    pub(super) say: Vec<String>,
    pub(super) expect: Vec<String>,
    pub(super) timeout: Duration,
    pub(super) ready_timeout: Duration,
    pub(super) stop_timeout: Duration,
    pub(super) token: Option<String>,
    pub(super) name: Option<String>,
    pub(super) port: u16,
    pub(super) openapi: Option<String>,
    pub(super) privileged_intents: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            say: Vec::new(),
            expect: Vec::new(),
            timeout: Duration::from_secs(30),
            // A first build of a bot and all it depends on takes minutes on a small machine.
            ready_timeout: Duration::from_secs(600),
            // Longer than the ten seconds that smalld gives running handlers.
            stop_timeout: Duration::from_secs(15),
            token: None,
            name: None,
            port: 0,
            openapi: None,
            privileged_intents: true,
        }
    }
}

/// The options, each with the name of its value if it has one.
const NAMES: [(&str, Option<&str>); 12] = [
    ("--say", Some("TEXT")),
    ("--expect", Some("TEXT")),
    ("--timeout", Some("SECONDS")),
    ("--ready-timeout", Some("SECONDS")),
    ("--stop-timeout", Some("SECONDS")),
    ("--token", Some("TOKEN")),
    ("--name", Some("NAME")),
    ("--port", Some("PORT")),
    ("--openapi", Some("FILE")),
    ("--no-privileged-intents", None),
    ("--help", None),
    ("--version", None),
];

/// Parses the words after the program's own name.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, String> {
    let mut words = words.into_iter();
    let mut options = Options::default();
    while let Some(word) = words.next() {
        let option = word.to_str().filter(|word| word.starts_with('-'));
        match option {
            Some("-h" | "--help") => return Ok(Invocation::Help),
            Some("-V" | "--version") => return Ok(Invocation::Version),
            Some("--") => {
                options.command = words.collect();
                if options.command.is_empty() {
                    return Err(
                        "no command after `--`: write one, such as `smalld-sandbox -- cargo run`"
                            .to_owned(),
                    );
                }
                break;
            }
            Some(option) => options.understand(option, &mut words)?,
            None => {
                options.command = iter::once(word).chain(words).collect();
                break;
            }
        }
    }
    Ok(Invocation::Run(options))
}

impl Options {
    fn understand(
        &mut self,
        word: &str,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), String> {
        let (name, attached) = word
            .split_once('=')
            .map_or((word, None), |(name, value)| (name, Some(value)));
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let (name, wanted) = known.ok_or_else(|| unknown(name))?;
        match (wanted, attached) {
            (None, None) => {
                self.privileged_intents = false;
                Ok(())
            }
            (None, Some(_)) => Err(format!("`{name}` takes no value")),
            (Some(_), Some(value)) => self.set(name, value.to_owned()),
            (Some(wanted), None) => {
                let value = rest.next().filter(|value| value != "--");
                let value =
                    value.ok_or_else(|| format!("`{name}` needs a value: `{name} {wanted}`"))?;
                let value = value
                    .into_string()
                    .map_err(|_| format!("the value of `{name}` is not Unicode"))?;
                self.set(name, value)
            }
        }
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let blank = value.trim().is_empty();
        match name {
            _ if blank => return Err(format!("the value of `{name}` is empty")),
            "--say" if super::message::is_too_long(&value) => {
                return Err("`--say` is longer than Discord's 2,000 characters".to_owned());
            }
            "--say" => self.say.push(value),
            "--expect" => self.expect.push(value),
            "--timeout" => self.timeout = seconds(name, &value)?,
            "--ready-timeout" => self.ready_timeout = seconds(name, &value)?,
            "--stop-timeout" => self.stop_timeout = seconds(name, &value)?,
            "--token" => {
                let token = value.trim();
                self.token = Some(token.strip_prefix("Bot ").unwrap_or(token).to_owned());
            }
            "--name" => self.name = Some(value),
            "--openapi" => self.openapi = Some(value),
            _ => self.port = port(&value)?,
        }
        Ok(())
    }
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok().map(Duration::try_from_secs_f64);
    // More than a year is surely a mistake, and some clocks cannot represent much more.
    let seconds = seconds
        .and_then(Result::ok)
        .filter(|time| time.as_secs() < 31_536_000);
    seconds.ok_or_else(|| format!("`{name}` is a number of seconds, not `{value}`"))
}

fn port(value: &str) -> Result<u16, String> {
    value
        .parse()
        .map_err(|_| format!("`--port` is a number from 0 to 65535, not `{value}`"))
}

fn unknown(name: &str) -> String {
    let nearest = NAMES
        .iter()
        .map(|(known, _)| (distance(name, known), known))
        .min();
    match nearest {
        // If most letters differ, the suggestion would not help.
        Some((far, known)) if far <= 3 && far < known.trim_start_matches('-').len() => {
            format!("there is no option `{name}`; did you mean `{known}`?")
        }
        _ => format!("there is no option `{name}`"),
    }
}

/// The Levenshtein distance: how many letters must be added, dropped or changed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, wanted) in other.chars().enumerate() {
            let change = diagonal + usize::from(letter != wanted);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &[&str]) -> Result<Options, String> {
        match parse(words.iter().map(OsString::from))? {
            Invocation::Run(options) => Ok(options),
            other => panic!("{other:?}"),
        }
    }

    fn mistake(words: &[&str]) -> String {
        run(words).expect_err("a mistake")
    }

    #[test]
    fn options_end_at_the_first_other_word() {
        let options = run(&["--say", "hi", "cargo", "run", "--say", "no"]).expect("fine");
        assert_eq!(options.say, ["hi"]);
        assert_eq!(options.command, ["cargo", "run", "--say", "no"]);
    }

    #[test]
    fn two_dashes_end_the_options_once() {
        let options = run(&["--", "--bot", "--", "x"]).expect("fine");
        assert_eq!(options.command, ["--bot", "--", "x"]);
    }

    #[test]
    fn without_a_command_the_bot_is_started_by_hand() {
        assert_eq!(run(&[]), Ok(Options::default()));
    }

    #[test]
    fn values_may_be_attached_and_texts_repeated() {
        let words = [
            "--say=a=b",
            "--say",
            "--c",
            "--expect",
            "x",
            "--expect=y",
            "--timeout=0.5",
            "--port",
            "80",
            "--token",
            "Bot t ",
            "--name=n",
            "--no-privileged-intents",
            "--stop-timeout=2",
        ];
        let options = run(&words).expect("fine");
        assert_eq!(options.say, ["a=b", "--c"]);
        assert_eq!(options.expect, ["x", "y"]);
        assert_eq!(options.timeout, Duration::from_millis(500));
        assert_eq!(options.stop_timeout, Duration::from_secs(2));
        assert_eq!((options.port, options.token.as_deref()), (80, Some("t")));
        assert!(!options.privileged_intents);
    }

    #[test]
    fn a_misspelled_option_suggests_the_nearest() {
        assert_eq!(
            mistake(&["--exepct", "x"]),
            "there is no option `--exepct`; did you mean `--expect`?"
        );
        assert_eq!(mistake(&["--banana"]), "there is no option `--banana`");
        assert_eq!(mistake(&["-x"]), "there is no option `-x`");
    }

    #[test]
    fn a_missing_value_is_reported_with_an_example() {
        assert!(mistake(&["--"]).contains("such as `smalld-sandbox -- cargo run`"));
        let missing = "`--say` needs a value: `--say TEXT`";
        assert_eq!(mistake(&["--say"]), missing);
        assert_eq!(mistake(&["--say", "--", "cargo"]), missing);
        assert_eq!(mistake(&["--say", " "]), "the value of `--say` is empty");
    }

    #[test]
    fn values_are_checked() {
        for wrong in ["soon", "-1", "inf", "NaN", "1e300"] {
            let expected = format!("`--timeout` is a number of seconds, not `{wrong}`");
            assert_eq!(mistake(&["--timeout", wrong]), expected);
        }
        assert!(mistake(&["--port", "70000"]).contains("from 0 to 65535"));
        assert_eq!(
            mistake(&["--no-privileged-intents=1"]),
            "`--no-privileged-intents` takes no value"
        );
        assert!(mistake(&["--say", &"x".repeat(2001)]).contains("2,000"));
    }

    #[test]
    fn help_names_every_option() {
        for (name, _) in NAMES {
            assert!(HELP.contains(name), "{name}");
        }
        assert_eq!(parse(["-h".into(), "x".into()]), Ok(Invocation::Help));
        assert_eq!(parse(["--version".into()]), Ok(Invocation::Version));
    }
}
