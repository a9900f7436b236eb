//! The process of the bot, and the processes that it starts.
//!
//! On Unix they form one process group: `cargo run` replaces itself with the bot, but a script stays
//! in between, and a signal must reach the bot behind it. The group is not the terminal's, so that only
//! this program gets ctrl-c, and stops the bot gracefully. On other systems a process cannot be asked
//! to stop, so it is killed.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{ExitStatus, Stdio};
#[cfg(unix)]
use std::time::Duration;

use tokio::process::Command;

/// How often the process group is polled; the system sends no notification.
#[cfg(unix)]
const POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(super) struct Child {
    process: tokio::process::Child,
    /// None once the group was killed.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Child {
    /// Starts a command with these variables besides the inherited ones, and an empty stdin.
    pub(super) fn start(command: &[OsString], variables: [(&str, &str); 2]) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_our_build(name)) {
            command.env_remove(name);
        }
        command.envs(variables);
        #[cfg(unix)]
        command.process_group(0);
        let process = command.spawn()?;
        Ok(Self {
            #[cfg(unix)]
            group: group_of(&process),
            process,
        })
    }

    /// Waits until the child has ended.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Waits until the child and, unless it was killed, everything that it started have ended.
    pub(super) async fn gone(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait().await?;
        #[cfg(unix)]
        while self.is_group_there() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(status)
    }

    /// Asks the child and everything that it started to end.
    pub(super) fn ask_to_stop(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        #[cfg(not(unix))]
        self.kill();
    }

    pub(super) fn kill(&mut self) {
        #[cfg(unix)]
        {
            self.signal(rustix::process::Signal::KILL);
            self.group = None;
        }
        // An error means that it has just ended by itself.
        let _ = self.process.start_kill();
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            // An error means that the group is empty.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }

    #[cfg(unix)]
    fn is_group_there(&self) -> bool {
        self.group
            .is_some_and(|group| rustix::process::test_kill_process_group(group).is_ok())
    }
}

#[cfg(unix)]
fn group_of(process: &tokio::process::Child) -> Option<rustix::process::Pid> {
    let id = i32::try_from(process.id()?).ok()?;
    rustix::process::Pid::from_raw(id)
}

/// Whether `cargo run` set this variable for the program's own package. If another cargo inherits it,
/// build scripts that watch it (ring's watches `CARGO_MANIFEST_DIR`) run again, and everything that
/// depends on them is built again.
fn is_of_our_build(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_of_our_own_package_are_removed() {
        for name in [
            "CARGO",
            "CARGO_PKG_NAME",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
        ] {
            assert!(is_of_our_build(OsStr::new(name)), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "SMALLD_LOG",
        ] {
            assert!(!is_of_our_build(OsStr::new(name)), "{name}");
        }
    }
}
