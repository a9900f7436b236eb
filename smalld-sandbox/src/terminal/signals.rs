//! The signals that end the program: ctrl-c and, on Unix, SIGTERM and SIGHUP.

use std::io;

#[cfg(unix)]
pub(super) struct Signals {
    all: [tokio::signal::unix::Signal; 3],
}

#[cfg(unix)]
impl Signals {
    /// From now on the signals do not end the program by themselves.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let all = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { all })
    }

    pub(super) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.all;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(windows)]
pub(super) struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Signals {
    /// From now on ctrl-c does not end the program by itself.
    pub(super) fn listen() -> io::Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupt })
    }

    pub(super) async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
