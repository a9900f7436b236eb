//! The runtimes of a bot: one with many threads for handlers, and one on a thread of its own that
//! handlers cannot block.
//!
//! The control thread has what must go on whatever handlers do: heartbeats and all writing to the
//! gateway, saves, signals, the stop and the watchdog. It exists under `run!` and `run_blocking`, where
//! it is the thread that calls them. `run().await` starts no thread, so everything shares its caller's
//! runtime.

use std::future::Future;
use std::panic::resume_unwind;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::dispatch::Polled;
use crate::error::{Error, Result};

/// Threads that tokio may use for what blocks. Handlers get a part of them; DNS look-ups, files and
/// saves need the others.
const MAX_BLOCKING_THREADS: usize = 512;

/// Where the parts of a bot run.
#[derive(Clone)]
pub(super) struct Runtimes {
    control: Option<Handle>,
    workers: Handle,
}

impl Runtimes {
    /// Everything on the runtime of the caller.
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

    /// Runs a future on the workers, and ends it with the future that is returned. Without a control
    /// thread it runs where it is awaited.
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
            Err(error) => gone(error).await,
        }
    }
}

/// The workers' runtime has ended, and with it everything; or the task panicked.
async fn gone<T>(error: JoinError) -> T {
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
    /// Starts both. What the workers poll can be seen in `polled`.
    pub(super) fn start(polled: &Polled, blocking_threads: usize) -> Result<Self> {
        let failed = |error| Error::config(format!("no runtime could be started: {error}"));
        let control = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let mut workers = Builder::new_multi_thread();
        // With one worker, one handler that blocks would stop all others.
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

    /// Runs a future on the control thread, which is this one, and then ends both runtimes.
    pub(super) fn block_on<T>(self, future: impl Future<Output = T>) -> T {
        let output = self.control.block_on(future);
        // A handler that hangs cannot be stopped. It was named, and must not keep the program.
        self.workers.shutdown_background();
        self.control.shutdown_background();
        output
    }
}
