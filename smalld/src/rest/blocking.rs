//! Waits for a future without `.await`: in sync handlers and in programs without a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, Result};

/// Runs `future` to its end and returns its result.
pub(crate) fn wait<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match Handle::try_current() {
        Ok(_) if in_async_code() => Err(Error::config(
            "`.wait()` would block the thread that runs async code: write `.await` instead",
        )),
        Ok(runtime) => runtime.block_on(future),
        Err(_) => background()?.block_on(future),
    }
}

/// Whether this thread is running async code, as opposed to code that may block.
///
/// Tokio has no function for it, and panics if a thread blocks that must not. But tokio gives async
/// code a budget of steps (128) after which it must yield, and blocking code has none: code that can
/// use up a budget is async.
fn in_async_code() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    (0..1024).any(|_| {
        pin!(tokio::task::coop::consume_budget())
            .poll(&mut context)
            .is_pending()
    })
}

/// For programs without a runtime. It has a thread of its own, so that pooled connections stay alive
/// between requests. It is never dropped, because that is not allowed in async code.
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
