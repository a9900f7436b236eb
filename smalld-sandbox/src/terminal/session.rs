//! One run of the program, from the start of the sandbox to the exit status: joins the bot's process,
//! the sandbox, stdin and stdout. `transcript` decides what is shown, `plan` when it ends.

use std::ffi::OsString;
use std::future;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use smalld_sandbox::{Happening, Happenings, OpenApi, Sandbox};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::child::Child;
use super::expectations::Expectations;
use super::options::Options;
use super::plan::{self, Plan, Rules};
use super::signals::Signals;
use super::streams::{self, Printer, print_error};
use super::transcript::Transcript;
use super::{FAILED, escape, message, outcome};

const CANNOT_START: u8 = 126;
const NOT_FOUND: u8 = 127;

/// How long the last events of a bot that has ended may take to arrive.
const LAST_EVENTS_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs a whole session. Returns the exit status of the program.
pub(super) async fn run(options: Options) -> u8 {
    let (sandbox, signals) = match (start_sandbox(&options).await, Signals::listen()) {
        (Ok(sandbox), Ok(signals)) => (sandbox, signals),
        (Err(error), _) => {
            print_error(&error);
            return FAILED;
        }
        (_, Err(error)) => {
            print_error(&format!("cannot listen for ctrl-c: {error}"));
            return FAILED;
        }
    };
    let mut session = Session::new(sandbox, signals, &options);
    let status = session.run(&options).await;
    // A signal also ends the wait for a pager that does not read.
    tokio::select! {
        () = session.printer.finish() => {}
        () = session.signals.next() => {}
    }
    status
}

/// Starts it, or explains why that is not possible.
async fn start_sandbox(options: &Options) -> Result<Sandbox, String> {
    let mut builder = Sandbox::builder().port(options.port);
    if let Some(token) = &options.token {
        builder = builder.token(token);
    }
    if let Some(name) = &options.name {
        builder = builder.bot_name(name);
    }
    if !options.privileged_intents {
        builder = builder.granted_intents(0);
    }
    if let Some(file) = &options.openapi {
        let document = OpenApi::load(file);
        let document = document.map_err(|error| format!("cannot read the document: {error}"))?;
        builder = builder.openapi(document);
    }
    let started = builder.start().await;
    started.map_err(|error| format!("cannot serve on port {}: {error}", options.port))
}

/// Why the session is over.
enum End {
    /// The bot ended by itself.
    Left(ExitStatus),
    /// Ctrl-c, or stdout was closed.
    Asked,
    Planned(plan::End),
}

struct Session {
    sandbox: Sandbox,
    happenings: Happenings,
    transcript: Transcript,
    expectations: Expectations,
    plan: Plan,
    printer: Printer,
    signals: Signals,
}

impl Session {
    fn new(sandbox: Sandbox, signals: Signals, options: &Options) -> Self {
        let expectations = Expectations::new(options.expect.clone());
        let rules = Rules {
            timeout: options.timeout,
            ready_timeout: options.ready_timeout,
            expecting: expectations.any(),
            ends_with_input: !options.command.is_empty(),
            watched: streams::is_stdin_terminal(),
        };
        Self {
            happenings: sandbox.subscribe(),
            transcript: Transcript::default(),
            sandbox,
            expectations,
            plan: Plan::new(rules, Instant::now()),
            printer: Printer::new(),
            signals,
        }
    }

    async fn run(&mut self, options: &Options) -> u8 {
        let (url, token) = (self.sandbox.base_url(), self.sandbox.token());
        self.printer.note(format!("Discord at {url}"));
        let mut child = None;
        if options.command.is_empty() {
            self.printer.note(format!(
                "a bot finds it with these in its environment:\n    \
                 SMALLD_BASE_URL={url}\n    SMALLD_TOKEN={}",
                escape::line(token)
            ));
        } else {
            self.printer
                .note(format!("starting `{}`", shown(&options.command)));
            let variables = [("SMALLD_BASE_URL", url), ("SMALLD_TOKEN", token)];
            match Child::start(&options.command, variables) {
                Ok(started) => child = Some(started),
                Err(error) => return refused(&options.command[0], &error),
            }
        }
        let mut input = Some(streams::input(options.say.clone()));
        let end = self.converse(&mut child, &mut input).await;
        let mut status = 0;
        if let Some(child) = &mut child {
            status = self.stop(child, &end, options.stop_timeout).await;
            self.show_last_events().await;
        }
        self.exit_status(&end, status, options)
    }

    async fn converse(
        &mut self,
        child: &mut Option<Child>,
        input: &mut Option<mpsc::Receiver<String>>,
    ) -> End {
        loop {
            let next = self.plan.next();
            // In this order everything that has happened is shown before the session ends.
            tokio::select! {
                biased;
                () = self.signals.next() => return End::Asked,
                () = self.printer.closed() => return End::Asked,
                Some(happening) = self.happenings.next() => self.tell(&happening),
                line = next_line(input), if self.plan.is_ready() => self.say(line),
                status = ended(child) => return End::Left(status),
                end = due(next) => return End::Planned(end),
            }
        }
    }

    fn tell(&mut self, happening: &Happening) {
        let now = Instant::now();
        self.plan.happened(now);
        let recipient = |channel: &str| Some(self.sandbox.recipient(channel)?.name);
        if let Some(line) = self.transcript.line(happening, recipient) {
            self.printer.print(&line);
        }
        if let Happening::MessageCreated(message) | Happening::MessageUpdated(message) = happening
            && message["author"]["id"] == self.sandbox.bot_id()
        {
            self.expectations.hear(message);
            if self.expectations.are_met() {
                self.plan.met();
            }
        }
        if !self.plan.is_ready() && self.sandbox.is_heard() {
            self.plan.ready(now);
            self.printer.note(if self.plan.waits_for_somebody() {
                "the bot is ready; type what to say to it, ctrl-c ends"
            } else {
                "the bot is ready"
            });
        }
    }

    /// Sends a line as a message, or records the end of stdin.
    fn say(&mut self, line: Option<String>) {
        match line {
            None => self.plan.input_ended(Instant::now()),
            Some(line) if line.trim().is_empty() => {}
            Some(line) if message::is_too_long(&line) => {
                self.printer
                    .note("not sent: it is longer than Discord's 2,000 characters");
            }
            Some(line) => {
                self.sandbox.say(line);
            }
        }
    }

    /// Stops the bot and everything that it started. Returns the exit status for it.
    async fn stop(&mut self, child: &mut Child, end: &End, at_most: Duration) -> u8 {
        let asked = !matches!(end, End::Left(_));
        match end {
            End::Left(status) => self.printer.note(format!("the bot ended ({status})")),
            End::Planned(plan::End::Busy) => self
                .printer
                .note("the bot has not become quiet; stopping it anyway"),
            End::Planned(_) | End::Asked => self.printer.note("stopping the bot"),
        }
        child.ask_to_stop();
        let mut deadline = Some(Instant::now() + at_most);
        let status = loop {
            tokio::select! {
                biased;
                Some(happening) = self.happenings.next() => self.tell(&happening),
                status = child.gone() => break status,
                () = self.signals.next() => {
                    deadline = None;
                    child.kill();
                }
                () = reached(deadline) => {
                    let patience = at_most.as_secs_f64();
                    let note = format!("the bot did not stop within {patience} s and was killed");
                    self.printer.note(note);
                    deadline = None;
                    child.kill();
                }
            }
        };
        let Ok(status) = status else {
            return FAILED;
        };
        let status_to_end_with = outcome::status(status, asked);
        if asked && status_to_end_with != 0 {
            self.printer.note(format!("the bot ended ({status})"));
        }
        status_to_end_with
    }

    /// Shows what the bot did just before its end, which may still be on its way.
    async fn show_last_events(&mut self) {
        let all_left = |sandbox: &Sandbox| sandbox.connected() == 0;
        self.sandbox.wait_until(all_left, LAST_EVENTS_TIMEOUT).await;
        while let Ok(Some(happening)) = timeout(Duration::ZERO, self.happenings.next()).await {
            self.tell(&happening);
        }
    }

    fn exit_status(&self, end: &End, ended: u8, options: &Options) -> u8 {
        if let End::Planned(plan::End::NeverReady) = end {
            let patience = options.ready_timeout.as_secs_f64();
            print_error(&format!("the bot was not ready within {patience} s"));
            return FAILED;
        }
        if self.expectations.are_met() {
            return ended;
        }
        let circumstance = match end {
            End::Planned(_) => format!("within {} s", options.timeout.as_secs_f64()),
            End::Left(_) => "before it ended".to_owned(),
            End::Asked => "before it was stopped".to_owned(),
        };
        print_error(&self.expectations.failure(&circumstance));
        if ended == 0 { FAILED } else { ended }
    }
}

/// The next line to send; none, once, at the end of stdin.
async fn next_line(input: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    let Some(lines) = input else {
        return future::pending().await;
    };
    let line = lines.recv().await;
    if line.is_none() {
        *input = None;
    }
    line
}

async fn ended(child: &mut Option<Child>) -> ExitStatus {
    match child {
        Some(child) => match child.ended().await {
            Ok(status) => status,
            // If the process cannot be waited for, the plan ends the session.
            Err(_) => future::pending().await,
        },
        None => future::pending().await,
    }
}

async fn due(next: Option<(Instant, plan::End)>) -> plan::End {
    reached(next.map(|(at, _)| at)).await;
    next.map_or(plan::End::Quiet, |(_, end)| end)
}

async fn reached(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => future::pending().await,
    }
}

/// Reports why the command cannot be started.
fn refused(program: &OsString, error: &io::Error) -> u8 {
    let program = escape::line(&program.to_string_lossy());
    if error.kind() == io::ErrorKind::NotFound {
        print_error(&format!("there is no command `{program}`: {error}"));
        return NOT_FOUND;
    }
    print_error(&format!("cannot start `{program}`: {error}"));
    CANNOT_START
}

fn shown(command: &[OsString]) -> String {
    let words = command.iter().map(|word| {
        let word = escape::line(&word.to_string_lossy());
        if word.is_empty() || word.contains([' ', '\'', '"']) {
            format!("'{}'", word.replace('\'', r"'\''"))
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
