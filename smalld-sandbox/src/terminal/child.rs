//! The process of the bot, and whatever it starts in turn.
//!
//! On Unix both are one process group: `cargo run` becomes the bot by itself, but a script stays
//! in between, and a signal has to reach the bot behind it. The group is not the terminal's, so
//! that ctrl-c is heard here alone and becomes the same graceful stop as any other. Elsewhere
//! there is no way to ask, and stopping the child ends it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{ExitStatus, Stdio};
#[cfg(unix)]
use std::time::Duration;

use tokio::process::Command;

/// How often it is looked whether something of the group is left; nothing tells of it.
#[cfg(unix)]
const GLANCE: Duration = Duration::from_millis(20);

pub(super) struct Child {
    process: tokio::process::Child,
    /// None once it was killed, as there is nothing more to be done about it.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

impl Child {
    /// Starts it, with these variables beside the inherited ones, and nothing to read from stdin.
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

    /// Waits until the child has ended, whatever it has started.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Waits until the child has ended and, unless it was killed, all that it has started.
    pub(super) async fn gone(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait().await?;
        #[cfg(unix)]
        while self.is_group_there() {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(status)
    }

    /// Asks the child and all that it has started to end.
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
        // It may have ended in this very moment; then it is as it should be.
        let _ = self.process.start_kill();
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(group) = self.group {
            // Without anybody left in the group there is nobody to signal.
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

/// Whether this variable is what `cargo run` tells a program about its own package. Passed on to
/// another cargo, it differs from what the last build had, and build scripts that watch it (ring's
/// watches `CARGO_MANIFEST_DIR`) are run again with everything that depends on them.
fn is_of_our_build(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cargo_says_of_our_package_is_taken_away() {
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
