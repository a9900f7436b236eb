//! One process of a bot: its log, signals to it, and how it ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

use crate::bot;

/// Much longer than any wait in these tests takes, unless something is broken.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two checks of another process.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// Waits until this is true. Returns false if it is not within [`TIMEOUT`].
pub(crate) async fn until(mut is_true: impl FnMut() -> bool) -> bool {
    let becoming_true = async {
        while !is_true() {
            sleep(CHECK_INTERVAL).await;
        }
    };
    timeout(TIMEOUT, becoming_true).await.is_ok()
}

/// A bot's process, which is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a process with these environment variables and its log in this file.
    pub(crate) fn start<'v>(
        variables: impl IntoIterator<Item = (&'v str, String)>,
        log: PathBuf,
    ) -> Self {
        let command = Command::new(std::env::current_exe().unwrap());
        Self::start_by(command, bot::TEST, variables, log)
    }

    /// The same with a command that runs this test binary, and the test that is the bot's main.
    pub(crate) fn start_by<'v>(
        mut command: Command,
        test: &str,
        variables: impl IntoIterator<Item = (&'v str, String)>,
        log: PathBuf,
    ) -> Self {
        let child = command
            .args(["--exact", test, "--nocapture"])
            .env_remove("SMALLD_LOG")
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended, and returns its exit status.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let ending = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(CHECK_INTERVAL).await;
            }
        };
        let ended = timeout(TIMEOUT, ending).await;
        ended.unwrap_or_else(|_| panic!("the bot does not end: {}", read(&self.log)))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) async fn terminate(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    pub(crate) async fn kill(self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Waits until its log contains this.
    pub(crate) async fn says(&self, words: &str) {
        let said = until(|| read(&self.log).contains(words)).await;
        assert!(said, "{words:?} is not in the log: {}", read(&self.log));
    }

    /// The lines of its log that contain these words.
    pub(crate) fn lines(&self, words: &str) -> Vec<String> {
        lines(&self.log, words)
    }

    /// The names of its threads.
    #[cfg(target_os = "linux")]
    pub(crate) fn threads(&self) -> Vec<String> {
        let folder = format!("/proc/{}/task", self.child.id());
        let threads = std::fs::read_dir(folder).unwrap();
        let names = threads.map(|thread| read(&thread.unwrap().path().join("comm")));
        names.map(|name| name.trim_end().to_owned()).collect()
    }

    /// The file of its log, which outlives it.
    pub(crate) fn log(&self) -> PathBuf {
        self.log.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a log that contain these words.
pub(crate) fn lines(log: &Path, words: &str) -> Vec<String> {
    let text = read(log);
    let lines = text.lines().filter(|line| line.contains(words));
    lines.map(ToOwned::to_owned).collect()
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
