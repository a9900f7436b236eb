//! The program as people and scripts run it. The bot is this test binary itself, started again with
//! nothing but `stand_in_bot` to run.

// On other systems a child cannot be asked to stop, which most of these tests are about.
#![cfg(unix)]

mod common;

use std::process::{Stdio, exit};
use std::{env, future};

use common::{ALL_INTENTS, Gateway, Received, Rest, TIMEOUT, gateway_at, identify};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

const PROGRAM: &str = env!("CARGO_BIN_EXE_smalld-sandbox");
/// The variable with the behavior of the stand-in; without it, the stand-in does nothing.
const BEHAVIOR: &str = "SANDBOX_TEST_BOT";

#[tokio::test]
async fn a_bot_that_says_what_is_expected_is_a_success() {
    let run = run("graceful", &["--say", "++ping", "--expect", "pong"], "").await;
    assert_eq!(run.status, 0, "{run:?}");
    run.told(&[
        "sandbox: Discord at http://127.0.0.1:",
        "sandbox: starting `",
        "sandbox: the bot is ready",
        "#general alex: ++ping",
        "#general pingbot: pong",
        "sandbox: stopping the bot",
    ]);
}

#[tokio::test]
async fn a_bot_that_says_something_else_is_a_failure() {
    let options = [
        "--say=++ping",
        "--expect=pong",
        "--expect=pung",
        "--timeout=2",
    ];
    let run = run("graceful", &options, "").await;
    assert_eq!(run.status, 1, "{run:?}");
    let failure =
        "sandbox: the bot did not say `pung` within 2 s; the last it said was:\n    pong\n";
    assert!(run.err.contains(failure), "{run:?}");
}

#[tokio::test]
async fn stdin_is_sent_as_messages_and_the_bot_stopped_after_two_quiet_seconds() {
    let run = run("graceful", &[], "++ping\r\n\n++tour").await;
    assert_eq!(run.status, 0, "{run:?}");
    run.told(&["#general alex: ++ping\n", "#general alex: ++tour\n"]);
    run.told(&[
        "#general pingbot: pong\n",
        "@pingbot -> alex: psst\n",
        "sandbox: refused GET /channels/1: 404 Not Found\n",
        "sandbox: the bot disconnected with 1000\n",
    ]);
}

#[tokio::test]
async fn the_status_of_a_bot_that_ends_by_itself_is_passed_on() {
    let left = run("graceful", &["--say", "++exit"], "").await;
    assert_eq!(left.status, 7, "{left:?}");
    left.told(&["sandbox: the bot ended (exit status: 7)"]);
    let aborted = run("graceful", &["--say", "++abort", "--expect", "never"], "").await;
    assert_eq!(aborted.status, 128 + 6, "{aborted:?}");
    assert!(
        aborted
            .err
            .contains("did not say `never` before it ended; it said nothing")
    );
}

#[tokio::test]
async fn a_bot_that_ends_by_sigterm_is_a_success() {
    let run = run("plain", &["--say", "++ping", "--expect", "pong"], "").await;
    assert_eq!(run.status, 0, "{run:?}");
}

#[tokio::test]
async fn a_bot_behind_a_script_gets_the_time_it_needs() {
    let script = r#""$0" stand_in_bot --exact; exit 5"#;
    let exe = this_binary();
    let words = ["--expect=pong", "--say=++ping", "sh", "-c", script, &exe];
    let run = Run::of(start("graceful", &words, Stdio::null())).await;
    assert_eq!(run.status, 0, "{run:?}");
    run.told(&["sandbox: the bot disconnected with 1000"]);
}

#[tokio::test]
async fn a_bot_that_does_not_stop_is_killed() {
    let options = ["--say=++ping", "--expect=pong", "--stop-timeout=0.2"];
    let run = run("stubborn", &options, "").await;
    assert_eq!(run.status, 128 + 9, "{run:?}");
    run.told(&["sandbox: the bot did not stop within 0.2 s and was killed"]);
}

#[tokio::test]
async fn a_bot_that_is_never_ready_is_a_failure() {
    let run = run("silent", &["--ready-timeout=0.2"], "++ping\n").await;
    assert_eq!(run.status, 1, "{run:?}");
    assert!(
        run.err.contains("the bot was not ready within 0.2 s"),
        "{run:?}"
    );
}

#[tokio::test]
async fn a_wrong_token_is_explained() {
    let run = run("mistaken", &[], "").await;
    assert_eq!(run.status, 3, "{run:?}");
    run.told(&["4004 (Authentication failed): the token it sent is not the one in `SMALLD_TOKEN`"]);
}

#[tokio::test]
async fn ctrl_c_stops_the_bot_and_a_second_one_kills_it() {
    let words = words(&[]);
    let mut child = start("stubborn", &as_strs(&words), Stdio::piped());
    let mut lines = Lines::of(&mut child);
    lines.until("the bot is ready").await;
    interrupt(&child);
    lines.until("stopping the bot").await;
    interrupt(&child);
    assert_eq!(Run::of(child).await.status, 128 + 9);
}

#[tokio::test]
async fn without_a_command_a_bot_can_be_started_by_hand() {
    let mut child = start("", &["--token", "chosen", "--say", "++ping"], Stdio::null());
    let mut lines = Lines::of(&mut child);
    let url = lines.until("SMALLD_BASE_URL=").await;
    let url = url.trim().strip_prefix("SMALLD_BASE_URL=").expect("a url");
    lines.until("SMALLD_TOKEN=chosen").await;
    let mut gateway = Gateway::connect(&gateway_at(url)).await;
    gateway.payload().await;
    gateway.send(&identify("chosen", ALL_INTENTS)).await;
    lines.until("the bot is ready").await;
    lines.until("#general alex: ++ping").await;
    interrupt(&child);
    assert_eq!(Run::of(child).await.status, 0);
}

#[tokio::test]
async fn a_closed_stdout_stops_the_program() {
    let script = r#"exec "$0" stand_in_bot --exact >/dev/null"#;
    let exe = this_binary();
    // The program keeps writing, so that it notices the end of the pipe.
    let words = ["--say=++ping", "sh", "-c", script, &exe];
    let mut child = start("graceful", &words, Stdio::piped());
    let mut lines = Lines::of(&mut child);
    lines.until("Discord at").await;
    drop(lines);
    let run = Run::of(child).await;
    assert_eq!((run.status, run.err.as_str()), (0, ""), "{run:?}");
}

#[tokio::test]
async fn mistakes_are_explained() {
    let mistakes = [
        (
            vec!["--sya", "hi"],
            2,
            "there is no option `--sya`; did you mean `--say`?",
        ),
        (
            vec!["--say", "hi", "--"],
            2,
            "such as `smalld-sandbox -- cargo run`",
        ),
        (
            vec!["no-such-command-here"],
            127,
            "there is no command `no-such-command-here`",
        ),
        (vec!["/"], 126, "cannot start `/`"),
    ];
    for (words, status, failure) in mistakes {
        let run = Run::of(start("", &words, Stdio::null())).await;
        assert_eq!(run.status, status, "{run:?}");
        assert!(run.err.contains(failure), "{run:?}");
    }
}

#[tokio::test]
async fn help_and_version_are_printed() {
    let help = Run::of(start("", &["--help"], Stdio::null())).await;
    assert!(help.status == 0 && help.out.contains("Usage: smalld-sandbox"));
    let version = Run::of(start("", &["-V"], Stdio::null())).await;
    assert_eq!(
        version.out,
        concat!("smalld-sandbox ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

/// How a run of the program ended.
#[derive(Debug)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Run {
    /// Waits until it has ended and nothing can write to its output any more.
    async fn of(child: Child) -> Self {
        let output = timeout(TIMEOUT, child.wait_with_output());
        let output = output.await.expect("an end in time").expect("output");
        Self {
            status: output.status.code().expect("a status"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Checks that these texts were printed, in this order.
    fn told(&self, texts: &[&str]) {
        let mut rest = self.out.as_str();
        for text in texts {
            let found = rest.split_once(text);
            rest = found
                .unwrap_or_else(|| panic!("no {text:?} where it should be: {self:?}"))
                .1;
        }
    }
}

/// The lines of the program, as they are printed.
struct Lines {
    stdout: BufReader<ChildStdout>,
}

impl Lines {
    fn of(child: &mut Child) -> Self {
        Self {
            stdout: BufReader::new(child.stdout.take().expect("stdout")),
        }
    }

    async fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let read = timeout(TIMEOUT, self.stdout.read_line(&mut line))
                .await
                .expect("in time");
            assert_ne!(read.expect("text"), 0, "ended without {text:?}");
            if line.contains(text) {
                return line;
            }
        }
    }
}

/// Runs the program with a bot of this behavior, and this on stdin.
async fn run(behavior: &str, options: &[&str], stdin: &str) -> Run {
    let words = words(options);
    let mut child = start(behavior, &as_strs(&words), Stdio::piped());
    let mut input = child.stdin.take().expect("stdin");
    input.write_all(stdin.as_bytes()).await.expect("written");
    drop(input);
    Run::of(child).await
}

fn words(options: &[&str]) -> Vec<String> {
    let exe = this_binary();
    let bot = [exe.as_str(), "stand_in_bot", "--exact"];
    options
        .iter()
        .chain(&bot)
        .map(ToString::to_string)
        .collect()
}

fn as_strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn this_binary() -> String {
    let exe = env::current_exe().expect("a path");
    exe.into_os_string().into_string().expect("text")
}

fn start(behavior: &str, words: &[&str], stdin: Stdio) -> Child {
    let mut command = Command::new(PROGRAM);
    command
        .args(words)
        .env(BEHAVIOR, behavior)
        .kill_on_drop(true);
    command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("started")
}

fn interrupt(child: &Child) {
    let id = child
        .id()
        .expect("running")
        .try_into()
        .expect("a small number");
    let id = Pid::from_raw(id).expect("not zero");
    kill_process(id, Signal::INT).expect("signalled");
}

/// The bot, not a test. It answers `++ping`, and ends after a while in any case.
#[tokio::test]
async fn stand_in_bot() {
    let Some(behavior) = env::var(BEHAVIOR)
        .ok()
        .filter(|behavior| !behavior.is_empty())
    else {
        return;
    };
    let [url, mut token] =
        ["SMALLD_BASE_URL", "SMALLD_TOKEN"].map(|name| env::var(name).expect(name));
    let rest = Rest::at(&url, &token);
    tokio::spawn(async {
        // No test waits that long, so the test that started this is gone.
        sleep(2 * TIMEOUT).await;
        exit(9)
    });
    if behavior == "mistaken" {
        token = "guessed".to_owned();
    }
    let stop = async {
        if behavior == "plain" {
            return future::pending().await;
        }
        let mut signals = signal(SignalKind::terminate()).expect("signals");
        signals.recv().await;
        if behavior == "stubborn" {
            future::pending::<()>().await;
        }
    };
    let work = async {
        if behavior == "silent" {
            future::pending::<()>().await;
        }
        let mut gateway = Gateway::connect(&gateway_at(&url)).await;
        gateway.payload().await;
        gateway.send(&identify(&token, ALL_INTENTS)).await;
        gateway
    };
    tokio::pin!(stop);
    let mut gateway = tokio::select! {
        gateway = work => gateway,
        () = &mut stop => exit(0),
    };
    loop {
        let received = tokio::select! {
            received = gateway.receive() => received,
            () = &mut stop => {
                gateway.close(1000).await;
                gateway.closed().await;
                exit(0)
            }
        };
        match received {
            Received::Payload(payload) => answer(&rest, &payload).await,
            Received::Raw(_) => {}
            Received::Closed(_) => exit(3),
        }
    }
}

async fn answer(rest: &Rest, payload: &Value) {
    let message = &payload["d"];
    let channel = |id: &Value| format!("/channels/{}/messages", id.as_str().expect("an id"));
    match message["content"].as_str() {
        Some("++ping") => {
            let pong = json!({ "content": "pong" });
            rest.post(&channel(&message["channel_id"]), &pong).await;
        }
        Some("++tour") => {
            let recipient = json!({ "recipient_id": message["author"]["id"] });
            let direct = rest.post("/users/@me/channels", &recipient).await.json;
            rest.post(&channel(&direct["id"]), &json!({ "content": "psst" }))
                .await;
            rest.get("/channels/1").await;
        }
        Some("++exit") => exit(7),
        Some("++abort") => std::process::abort(),
        _ => {}
    }
}
