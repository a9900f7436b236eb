//! Stdin, stdout and stderr. Reading and writing may block, so each has its own thread: a pager that
//! does not read must not stop the sandbox.

use std::convert::Infallible;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc as channel;
use std::{env, thread};

use tokio::sync::mpsc;

use super::transcript::Line;

/// How many lines of stdin are read ahead.
const MAX_LINES_AHEAD: usize = 64;

pub(super) fn is_stdin_terminal() -> bool {
    io::stdin().is_terminal()
}

/// These lines, then those of stdin. The channel closes at the end of stdin.
pub(super) fn input(first: Vec<String>) -> mpsc::Receiver<String> {
    let (lines, input) = mpsc::channel(MAX_LINES_AHEAD);
    thread::spawn(move || {
        let stdin = io::stdin().lock();
        let typed = stdin.split(b'\n').map_while(Result::ok).map(|line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            line.strip_suffix('\r')
                .map(ToOwned::to_owned)
                .unwrap_or(line)
        });
        for line in first.into_iter().chain(typed) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    input
}

/// Writes the transcript to stdout.
pub(super) struct Printer {
    texts: Option<channel::Sender<String>>,
    /// Closes when the writing thread has ended.
    written: mpsc::Receiver<Infallible>,
    dims_notes: bool,
}

impl Printer {
    pub(super) fn new() -> Self {
        let (texts, to_write) = channel::channel::<String>();
        let (writing, written) = mpsc::channel(1);
        thread::spawn(move || {
            // Dropped however this thread ends; `closed` waits for that.
            let _writing = writing;
            let mut stdout = io::stdout().lock();
            for text in to_write {
                if stdout
                    .write_all(text.as_bytes())
                    .and_then(|()| stdout.flush())
                    .is_err()
                {
                    return;
                }
            }
        });
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            texts: Some(texts),
            written,
            dims_notes: io::stdout().is_terminal() && !plain,
        }
    }

    pub(super) fn print(&self, line: &Line) {
        let text = match line {
            Line::Talk(text) => format!("{text}\n"),
            Line::Note(text) if self.dims_notes => format!("\u{1b}[2msandbox: {text}\u{1b}[0m\n"),
            Line::Note(text) => format!("sandbox: {text}\n"),
        };
        if let Some(texts) = &self.texts {
            // An error means that stdout was closed, which `closed` reports.
            let _ = texts.send(text);
        }
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        self.print(&Line::Note(text.into()));
    }

    /// Waits until stdout is closed, as when it is piped into `head`.
    pub(super) async fn closed(&mut self) {
        self.written.recv().await;
    }

    /// Waits until everything is written.
    pub(super) async fn finish(&mut self) {
        self.texts = None;
        self.closed().await;
    }
}

/// Prints the help or the version.
pub(super) fn answer(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => super::FAILED.into(),
    }
}

/// Prints a failure to stderr, if it is not closed.
pub(super) fn print_error(text: &str) {
    let _ = writeln!(io::stderr(), "sandbox: {text}");
}
