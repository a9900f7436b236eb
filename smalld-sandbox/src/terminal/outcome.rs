//! From how the child ended to the status with which the program ends. Pure.

use std::process::ExitStatus;

/// What shells add to the number of a signal.
#[cfg(unix)]
const BY_SIGNAL: i32 = 128;

/// The child's own status; `asked` says whether it ended because it was asked to.
pub(super) fn status(child: ExitStatus, asked: bool) -> u8 {
    let code = code(child);
    if asked && is_obedience(code) {
        return 0;
    }
    // On Windows a status has 32 bits; what does not fit is a failure all the same.
    u8::try_from(code).unwrap_or(super::FAILED)
}

/// Most bots know nothing of SIGTERM and simply end by it, or a shell around them tells of it.
#[cfg(unix)]
fn is_obedience(code: i32) -> bool {
    code == BY_SIGNAL + rustix::process::Signal::TERM.as_raw()
}

/// There is no asking here, only ending it, and its status says nothing about the bot.
#[cfg(not(unix))]
fn is_obedience(_code: i32) -> bool {
    true
}

#[cfg(unix)]
fn code(child: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let by_signal = child.signal().map(|signal| BY_SIGNAL + signal);
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
    fn ending_by_sigterm_is_well_done_where_it_was_asked_for() {
        assert_eq!(status(ExitStatus::from_raw(15), true), 0);
        assert_eq!(status(exited(143), true), 0);
        assert_eq!(status(ExitStatus::from_raw(15), false), 143);
        assert_eq!(status(ExitStatus::from_raw(9), true), 137);
    }
}
