//! A program whose `main` only calls `run!()`, in a process of its own: its log and errors on stderr,
//! its exit status, and SIGTERM.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use smalld::{Json, SmallD, json, path};
use smalld_sandbox::Sandbox;

#[smalld::on(message_create, "/content" = "++ping")]
async fn pings(bot: SmallD, msg: Json) -> smalld::Result<()> {
    bot.post(
        path!("/channels/{}/messages", msg["channel_id"]),
        json!({ "content": "pong" }),
    )
    .await?;
    Ok(())
}

#[smalld::on(message_create, "/content" = "++panic")]
fn panics() {
    panic!("on purpose");
}

fn bot() -> smalld::Result<()> {
    smalld::run!()
}

const AS_BOT: &str = "SMALLD_TEST_AS_BOT";
const TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    if std::env::var_os(AS_BOT).is_some() {
        // What Rust prints if `main` returns it.
        return match bot() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("Error: {error:?}");
                ExitCode::FAILURE
            }
        };
    }
    a_panic_is_logged_with_file_and_line_and_the_bot_runs_until_sigterm();
    a_missing_token_is_an_error_that_says_how_to_set_it();
    a_wrong_token_ends_the_program();
    println!("test result: ok. 3 passed; 0 failed");
    ExitCode::SUCCESS
}

fn start(variables: &[(&str, &str)]) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env(AS_BOT, "1")
        .env_remove("SMALLD_LOG")
        .stderr(Stdio::piped());
    command
        .env_remove("SMALLD_TOKEN")
        .env_remove("SMALLD_BASE_URL");
    command.envs(variables.iter().copied()).spawn().unwrap()
}

fn a_panic_is_logged_with_file_and_line_and_the_bot_runs_until_sigterm() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let variables = [
        ("SMALLD_TOKEN", sandbox.token()),
        ("SMALLD_BASE_URL", sandbox.base_url()),
    ];
    let child = start(&variables);
    runtime.block_on(async {
        assert!(sandbox.wait_until_ready(TIMEOUT).await);
        sandbox.say("++panic");
        sandbox.say("++ping");
        let pong = sandbox.wait_for_message(|message| message["content"] == "pong", TIMEOUT);
        assert!(pong.await.is_some());
    });
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(cfg!(not(unix)) || output.status.success(), "{log}");
    let reports: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert_eq!(reports.len(), 1, "{log}");
    assert!(
        reports[0].contains("`bare_main::panics` (smalld/tests/bare_main.rs:"),
        "{log}"
    );
    assert!(
        reports[0].contains("MESSAGE_CREATE") && reports[0].contains("on purpose"),
        "{log}"
    );
    assert!(
        log.contains("MESSAGE_CREATE \"/content\" = \"++ping\" -> `bare_main::pings`"),
        "{log}"
    );
    assert!(!log.contains(sandbox.token()), "{log}");
}

#[cfg(unix)]
fn terminate(child: &std::process::Child) {
    let id = i32::try_from(child.id()).unwrap();
    let pid = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

#[cfg(not(unix))]
fn terminate(child: &std::process::Child) {
    drop(
        Command::new("taskkill")
            .args(["/F", "/PID", &child.id().to_string()])
            .status(),
    );
}

fn a_missing_token_is_an_error_that_says_how_to_set_it() {
    let output = start(&[]).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in [
        "the bot token is missing",
        "SMALLD_TOKEN",
        "token = ",
        "smalld-sandbox",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

fn a_wrong_token_ends_the_program() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let variables = [
        ("SMALLD_TOKEN", "wrong.and.secret"),
        ("SMALLD_BASE_URL", sandbox.base_url()),
    ];
    let output = start(&variables).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("401") && said.contains("Reset Token") && !said.contains("secret"),
        "{said}"
    );
}
