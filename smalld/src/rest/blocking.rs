//! Waits for a future where nothing may be awaited: in sync handlers and in plain programs.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};

/// Drives `future` to its end and gives what it came to.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match Handle::try_current() {
        Ok(_) if in_async_code() => Err(Error::config(
            "`.wait()` would block the thread that runs async code: write `.await` instead",
        )),
        Ok(runtime) => runtime.block_on(future),
        Err(_) => background()?.block_on(future),
    }
}

/// Whether this thread is driving tasks right now, as opposed to one on which blocking is allowed.
///
/// Tokio has no question for it, and panics where the answer matters. But it gives async code a
/// budget of so many steps before it must yield, and blocking code none: whoever can use up a
/// budget is in async code. (Tokio's budget is 128.)
fn in_async_code() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    (0..1024).any(|_| {
        pin!(tokio::task::coop::consume_budget())
            .poll(&mut context)
            .is_pending()
    })
}

/// For programs without a runtime. It has a thread of its own, so that pooled connections live on
/// between two requests; and it is never dropped, because that may not happen in async code.
fn background() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let start = || {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("smalld-wait")
            .enable_all()
            .build()
            .ok()
    };
    let runtime = RUNTIME.get_or_init(start).as_ref();
    runtime.ok_or_else(|| Error::config("no thread could be started to wait for Discord"))
}
