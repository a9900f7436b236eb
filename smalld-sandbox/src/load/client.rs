//! The process that is measured, seen from the operating system.

use std::fs;
use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use smalld_sandbox::traffic::Encoding;
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// The id of a bot in base64, and anything.
const TOKEN: &str = "MTIxNDQ5MDEzMzY1OTc3OTA3NA.GloadQ.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/// A process is at rest if it uses less CPU time than this in [`REST_INTERVAL`].
const AT_REST: Duration = Duration::from_micros(200);
const REST_INTERVAL: Duration = Duration::from_millis(20);
const REST_TIMEOUT: Duration = Duration::from_secs(5);

/// How to start a client, as it was named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) name: String,
    /// The clients that it is compared with.
    pub(crate) references: Vec<String>,
    command: Vec<String>,
    /// Whether its stderr is that of this program, and not discarded.
    pub(crate) shows_stderr: bool,
}

impl Program {
    /// From `NAME=COMMAND` or `NAME/REFERENCE=COMMAND`; the command is split at spaces.
    pub(crate) fn parse(argument: &str) -> Result<Self, String> {
        let parts = argument.split_once('=');
        let (names, command) = parts.ok_or(format!("`{argument}` is not NAME=COMMAND"))?;
        let mut names = names.split('/').map(str::to_owned);
        let command: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
        if command.is_empty() {
            return Err(format!("`{argument}` has no command"));
        }
        Ok(Self {
            name: names.next().unwrap_or_default(),
            references: names.collect(),
            command,
            shows_stderr: false,
        })
    }

    /// Starts the client. `{encoding}` in the command is replaced.
    pub(crate) fn start(
        &self,
        base_url: &str,
        encoding: Encoding,
        shards: u32,
    ) -> io::Result<Client> {
        let mut words = self
            .command
            .iter()
            .map(|word| word.replace("{encoding}", encoding.name()));
        let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
        let started = Instant::now();
        let child = Command::new(&program)
            .args(words)
            .env("SMALLD_BASE_URL", base_url)
            .env("SMALLD_TOKEN", TOKEN)
            .env("LOAD_ENCODING", encoding.name())
            .env("LOAD_SHARDS", shards.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(if self.shows_stderr {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::other(format!("cannot start `{program}`: {error}")))?;
        Ok(Client {
            pid: child.id().unwrap_or_default(),
            child,
            started,
        })
    }
}

/// A running client. It is killed when this is dropped.
pub(crate) struct Client {
    child: Child,
    pid: u32,
    pub(crate) started: Instant,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In KiB.
    pub(crate) resident: f64,
    /// In KiB.
    pub(crate) peak: f64,
    pub(crate) threads: f64,
}

impl Client {
    /// The CPU time of all threads since the start, in user and kernel mode.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        use nix::time::ClockId;
        use nix::unistd::Pid;

        let pid = i32::try_from(self.pid).map_err(io::Error::other)?;
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(pid))?;
        Ok(Duration::from(clock.now()?))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let _ = self;
        Err(io::Error::other(
            "only Linux tells the CPU time of another process",
        ))
    }

    /// Waits until the client has nothing to do, and returns its CPU time.
    pub(crate) async fn at_rest(&self) -> io::Result<Duration> {
        let deadline = Instant::now() + REST_TIMEOUT;
        let mut before = self.cpu()?;
        loop {
            sleep(REST_INTERVAL).await;
            let now = self.cpu()?;
            if now.saturating_sub(before) < AT_REST || Instant::now() > deadline {
                return Ok(before);
            }
            before = now;
        }
    }

    pub(crate) fn memory(&self) -> io::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
            number.ok_or(io::Error::from(io::ErrorKind::InvalidData))
        };
        Ok(Memory {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
            threads: field("Threads:")?,
        })
    }

    /// Waits until the process ends, which it should not.
    pub(crate) async fn ended(&mut self) -> io::Error {
        match self.child.wait().await {
            Ok(status) => io::Error::other(format!("the client ended: {status}")),
            Err(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_a_name_references_and_a_command() {
        let program = Program::parse("smalld/scan/look=target/release/bot filters").unwrap();
        assert_eq!(program.name, "smalld");
        assert_eq!(program.references, ["scan", "look"]);
        assert_eq!(program.command, ["target/release/bot", "filters"]);
        assert!(Program::parse("smalld").is_err());
        assert!(Program::parse("smalld=").is_err());
    }
}
