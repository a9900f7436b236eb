//! Runtimes of a bot: one with many threads for handlers, and one on a control thread that handlers
//! cannot block.
//!
//! The control thread runs what must work even if every worker is blocked: heartbeats and all writing
//! to the gateway, saves, signals, shutdown and the watchdog. It exists only under `run!` and
//! `run_blocking`, where it is the calling thread. `run().await` starts no thread, so everything shares
//! the runtime of its caller.

use std::future::Future;
use std::panic::resume_unwind;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::dispatch::Polled;
use crate::error::{Error, Result};

/// Size of tokio's blocking pool. Handlers may use a part of it; DNS lookups, files and saves need the
/// rest.
const MAX_BLOCKING_THREADS: usize = 512;

/// Handles of the runtimes that a bot runs on.
#[derive(Clone)]
pub(super) struct Runtimes {
    control: Option<Handle>,
    workers: Handle,
}

impl Runtimes {
    /// Uses the runtime of the caller for everything.
    pub(super) fn current() -> Self {
        Self {
            control: None,
            workers: Handle::current(),
        }
    }

    pub(super) fn control(&self) -> Option<&Handle> {
        self.control.as_ref()
    }

    pub(super) fn workers(&self) -> &Handle {
        &self.workers
    }

    /// Runs a future on the workers. Dropping the returned future drops it. Without a control thread it
    /// runs in the task that awaits it.
    pub(super) async fn on_workers<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        if self.control.is_none() {
            return future.await;
        }
        let mut task = AbortOnDrop(self.workers.spawn(future));
        match (&mut task.0).await {
            Ok(output) => output,
            Err(error) => resume_panic(error).await,
        }
    }
}

/// Forwards a panic of the task. If the task was cancelled instead, the workers' runtime is shutting
/// down, and this future will be dropped.
async fn resume_panic<T>(error: JoinError) -> T {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => std::future::pending().await,
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The runtimes of `run_blocking`.
pub(super) struct OwnRuntimes {
    control: Runtime,
    workers: Runtime,
}

impl OwnRuntimes {
    /// Starts both runtimes. `polled` shows which handlers the workers are polling.
    pub(super) fn start(polled: &Polled, blocking_threads: usize) -> Result<Self> {
        let failed = |error| Error::config(format!("the tokio runtime cannot be started: {error}"));
        let control = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let mut workers = Builder::new_multi_thread();
        // With a single worker, a handler that blocks would stop all others.
        if available_parallelism().is_ok_and(|threads| threads.get() < 2) {
            workers.worker_threads(2);
        }
        let polled = polled.clone();
        let workers = workers
            .enable_all()
            .thread_name("smalld-worker")
            .max_blocking_threads(MAX_BLOCKING_THREADS.max(2 * blocking_threads))
            .on_thread_start(move || polled.watch_this_thread())
            .build()
            .map_err(failed)?;
        Ok(Self { control, workers })
    }

    pub(super) fn handles(&self) -> Runtimes {
        Runtimes {
            control: Some(self.control.handle().clone()),
            workers: self.workers.handle().clone(),
        }
    }

    /// Runs a future on this thread, the control thread, and then shuts down both runtimes.
    pub(super) fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        let output = self.control.block_on(future);
        // A handler that hangs cannot be stopped. It has been logged, and must not block the exit.
        self.workers.shutdown_background();
        self.control.shutdown_background();
        output
    }
}
