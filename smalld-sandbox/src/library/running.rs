//! A bot that runs in the test's own process.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::library::report::report;
use crate::library::sandbox::Sandbox;

/// How long a bot may take to become ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A bot that runs until this is dropped; see [`Sandbox::run`].
#[must_use = "dropping it stops the bot"]
pub struct Running<E: fmt::Debug> {
    task: Option<JoinHandle<Result<(), E>>>,
}

impl Sandbox {
    /// Runs a bot as a task, and waits until it is ready. It is stopped when the returned value is
    /// dropped.
    ///
    /// ```no_run
    /// use smalld_sandbox::Sandbox;
    ///
    /// # async fn bot(url: String, token: String) -> std::io::Result<()> { Ok(()) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let discord = Sandbox::start().await?;
    /// let running = discord.run(|d| bot(d.url().to_owned(), d.token().to_owned())).await?;
    /// discord.user("ada").say("#general", "++ping").await;
    /// discord.expect_message("#general", "pong").await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What the bot reports through `tracing`, at the levels `INFO`, `WARN` and `ERROR`, is shown if the
    /// test fails: with the conversation and the requests that were refused. That is so in a runtime with
    /// one thread, the default of `#[tokio::test]`, and unless the program has a subscriber of its own.
    ///
    /// # Errors
    ///
    /// If the bot ends with an error before it is ready.
    ///
    /// # Panics
    ///
    /// If the bot panics, ends without an error, or is not ready within 30 seconds; when the returned
    /// value is dropped, if the bot has failed in the meantime.
    pub async fn run<F, E>(&self, bot: impl FnOnce(&Self) -> F) -> Result<Running<E>, E>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Debug + Send + 'static,
    {
        self.hub.log.capture();
        let mut task = tokio::spawn(bot(self));
        let is_ready = self.wait_until(Self::is_heard, READY_TIMEOUT);
        let ended = tokio::select! {
            is_ready = is_ready => {
                assert!(is_ready, "the bot was not ready within 30 s\n{}", report(&self.hub));
                return Ok(Running { task: Some(task) });
            }
            ended = &mut task => ended,
        };
        match ended {
            Ok(Ok(())) => panic!("the bot ended before it was ready\n{}", report(&self.hub)),
            Ok(Err(error)) => Err(error),
            Err(error) => {
                let report = report(&self.hub);
                panic!("the bot failed before it was ready: {error}\n{report}")
            }
        }
    }
}

impl<E: fmt::Debug> Running<E> {
    /// Whether the bot still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Waits until the bot ends by itself, and returns its result.
    ///
    /// # Errors
    ///
    /// The bot's own error.
    ///
    /// # Panics
    ///
    /// If the bot panics.
    pub async fn ended(mut self) -> Result<(), E> {
        let task = self.task.take().expect("a bot is waited for once");
        task.await.expect("the bot does not panic")
    }
}

impl<E: fmt::Debug> Drop for Running<E> {
    fn drop(&mut self) {
        use futures_util::FutureExt;

        let Some(task) = self.task.take() else {
            return;
        };
        task.abort();
        // A failure of the bot fails the test, unless the test fails already.
        if task.is_finished() && !std::thread::panicking() {
            match task.now_or_never() {
                Some(Ok(Err(error))) => panic!("the bot ended with an error: {error:?}"),
                Some(Err(error)) if error.is_panic() => panic!("the bot panicked"),
                _ => {}
            }
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Running<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}
