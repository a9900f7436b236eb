//! Signals that stop a bot: on Unix SIGINT (ctrl-c) and SIGTERM; on Windows ctrl-c, ctrl-break, and
//! the console's close, log-off and shutdown.

use std::future::poll_fn;
use std::task::{Context, Poll};

#[cfg(unix)]
use self::unix::Listener;
#[cfg(windows)]
use self::windows::Listener;

/// The signals since `listen`, or none if the program handles them itself.
pub(super) struct Signals(Option<Listener>);

impl Signals {
    /// Starts to listen. Must be called on the runtime that calls `next`.
    pub(super) fn listen() -> Self {
        Self(Some(Listener::new()))
    }

    pub(super) fn ignore() -> Self {
        Self(None)
    }

    /// Waits for the next signal. Signals between two calls are not lost.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(listener) => poll_fn(|cx| listener.poll(cx)).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
mod unix {
    use super::{Context, Poll};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) struct Listener(Vec<Signal>);

    impl Listener {
        pub(super) fn new() -> Self {
            let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
            Self(
                kinds
                    .into_iter()
                    .filter_map(|kind| signal(kind).ok())
                    .collect(),
            )
        }

        pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            // All of them must be polled, so that each can wake this task.
            let received = self
                .0
                .iter_mut()
                .map(|signal| signal.poll_recv(cx).is_ready());
            super::any_ready(received)
        }
    }
}

#[cfg(windows)]
mod windows {
    use super::{Context, Poll};
    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
        ctrl_logoff, ctrl_shutdown,
    };

    pub(super) struct Listener {
        c: Option<CtrlC>,
        break_: Option<CtrlBreak>,
        close: Option<CtrlClose>,
        logoff: Option<CtrlLogoff>,
        shutdown: Option<CtrlShutdown>,
    }

    impl Listener {
        pub(super) fn new() -> Self {
            Self {
                c: ctrl_c().ok(),
                break_: ctrl_break().ok(),
                close: ctrl_close().ok(),
                logoff: ctrl_logoff().ok(),
                shutdown: ctrl_shutdown().ok(),
            }
        }

        pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            macro_rules! received {
                ($($signal:ident),*) => {
                    [$(self.$signal.as_mut().is_some_and(|signal| signal.poll_recv(cx).is_ready())),*]
                };
            }
            super::any_ready(received!(c, break_, close, logoff, shutdown).into_iter())
        }
    }
}

fn any_ready(received: impl Iterator<Item = bool>) -> Poll<()> {
    if received.fold(false, |any, one| any | one) {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}
