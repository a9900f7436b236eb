//! The exit status of the program, from how the child ended. Pure.

use std::process::ExitStatus;

/// Shells add this to the number of a signal.
#[cfg(unix)]
const SIGNAL_BASE: i32 = 128;

/// The status for a child that ended like this; `asked` says whether it was asked to stop.
pub(super) fn status(child: ExitStatus, asked: bool) -> u8 {
    let code = code(child);
    if asked && is_requested_stop(code) {
        return 0;
    }
    // On Windows a status has 32 bits; one that does not fit is a failure, too.
    u8::try_from(code).unwrap_or(super::FAILED)
}

/// Most bots do not handle SIGTERM and end by it, or a shell around them reports it.
#[cfg(unix)]
fn is_requested_stop(code: i32) -> bool {
    code == SIGNAL_BASE + rustix::process::Signal::TERM.as_raw()
}

/// The child was killed, so its status says nothing about the bot.
#[cfg(not(unix))]
fn is_requested_stop(_code: i32) -> bool {
    true
}

#[cfg(unix)]
fn code(child: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let by_signal = child.signal().map(|signal| SIGNAL_BASE + signal);
    child.code().or(by_signal).unwrap_or(super::FAILED.into())
}

#[cfg(not(unix))]
fn code(child: ExitStatus) -> i32 {
    child.code().unwrap_or(super::FAILED.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn a_status_is_passed_on() {
        assert_eq!(status(exited(0), false), 0);
        assert_eq!(status(exited(7), false), 7);
        assert_eq!(status(exited(7), true), 7);
        assert_eq!(status(ExitStatus::from_raw(11), false), 139);
    }

    #[test]
    fn a_requested_end_by_sigterm_is_a_success() {
        assert_eq!(status(ExitStatus::from_raw(15), true), 0);
        assert_eq!(status(exited(143), true), 0);
        assert_eq!(status(ExitStatus::from_raw(15), false), 143);
        assert_eq!(status(ExitStatus::from_raw(9), true), 137);
    }
}
