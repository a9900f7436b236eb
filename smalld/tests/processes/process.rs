//! One process of a bot: signals to it, and what becomes of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

use crate::bot;

/// No wait in these tests comes near to it, unless something is broken.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Between two looks at what another process does.
const LOOK: Duration = Duration::from_millis(5);

/// Looks until something is so; false if it is not within a long time.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) -> bool {
    let becoming_so = async {
        while !is_so() {
            sleep(LOOK).await;
        }
    };
    timeout(LONG, becoming_so).await.is_ok()
}

/// A bot's process; it is killed where it is dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// With nothing of this process's environment that concerns bots but these variables, and with
    /// its log in this file.
    pub(crate) fn start<'v>(
        variables: impl IntoIterator<Item = (&'v str, String)>,
        log: PathBuf,
    ) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", bot::TEST, "--nocapture"])
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

    /// How it ended, when it has.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let ending = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(LOOK).await;
            }
        };
        let ended = timeout(LONG, ending).await;
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

    /// Waits until it has told this.
    pub(crate) async fn says(&self, words: &str) {
        let said = until(|| read(&self.log).contains(words)).await;
        assert!(said, "not {words:?} but {}", read(&self.log));
    }

    /// The lines that it has told with these words in them.
    pub(crate) fn lines(&self, words: &str) -> Vec<String> {
        lines(&self.log, words)
    }

    /// Where its log stays after it.
    pub(crate) fn log(&self) -> PathBuf {
        self.log.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a log with these words in them.
pub(crate) fn lines(log: &Path, words: &str) -> Vec<String> {
    let text = read(log);
    let lines = text.lines().filter(|line| line.contains(words));
    lines.map(ToOwned::to_owned).collect()
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
