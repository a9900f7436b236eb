//! The clock of a test: it stands still until the test advances it.

use std::fmt;
use std::time::Duration;

use tokio::task::yield_now;

use crate::library::sandbox::Sandbox;

/// In how many steps a clock is advanced.
const STEPS: u32 = 100;
/// How often other tasks run, and sockets are read, without a change in the sandbox, until everybody is
/// taken to have acted: enough for a request over a new connection.
const QUIET_YIELDS: u32 = 30;
/// How often at most, if there are always changes.
const MAX_YIELDS: u32 = 10_000;

/// The time of a test, for the bot and for the sandbox; see [`Sandbox::clock`].
#[derive(Clone, Copy)]
pub struct Clock<'s> {
    sandbox: &'s Sandbox,
}

impl Sandbox {
    /// Stops the clock, and returns a handle that advances it.
    ///
    /// From the first call until the sandbox is dropped, tokio's clock stands still: for the bot, if it
    /// runs in the runtime of the test, and for the sandbox, whose heartbeats, identify limits, rate
    /// limits, deadlines of interactions and timestamps follow it. Bytes still flow through the sockets.
    /// Waits of the sandbox, such as [`expect_message`](Self::expect_message), are bounded by real time.
    ///
    /// `start_paused` alone is wrong for a bot: a paused clock jumps to the next timer whenever no task
    /// has anything to do, also while bytes are on their way. With this it is right.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use smalld_sandbox::Sandbox;
    ///
    /// # async fn bot(url: String, token: String) -> std::io::Result<()> { std::future::pending().await }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let discord = Sandbox::start().await?;
    /// // Start a bot here.
    /// let clock = discord.clock();
    /// let started = tokio::time::Instant::now();
    /// clock.advance(Duration::from_secs(3600)).await;
    /// assert_eq!(started.elapsed(), Duration::from_secs(3600));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with one thread (`current_thread`, the default of `#[tokio::test]`). When
    /// the sandbox is dropped, if for 30 seconds of real time the test neither advanced the clock nor
    /// waited for the bot, so that the clock went on by itself.
    #[must_use]
    pub fn clock(&self) -> Clock<'_> {
        self.hub.time.stop();
        Clock { sandbox: self }
    }
}

impl Clock<'_> {
    /// Advances the clock, in steps of a hundredth of this time, and at most of a quarter of the
    /// heartbeat interval. After each step the bot and the sandbox act, so that no heartbeat is missed.
    /// A timer that is due within a step fires at the end of the step.
    ///
    /// A bot that needs more than a few requests to act may still be at it afterwards; wait for what it
    /// does with [`Sandbox::expect_message`] and similar methods.
    pub async fn advance(self, time: Duration) {
        let time_of_sandbox = &self.sandbox.hub.time;
        let longest = self.sandbox.hub.settings.heartbeat_interval / 4;
        let step = (time / STEPS).clamp(
            Duration::from_millis(1),
            longest.max(Duration::from_millis(1)),
        );
        // What has happened before counts as before.
        self.settle().await;
        let mut left = time;
        while !left.is_zero() {
            let step = step.min(left);
            tokio::time::advance(step).await;
            left -= step;
            self.sandbox.hub.wake();
            self.settle().await;
            time_of_sandbox.sign_of_life();
        }
    }

    /// Moves the clock by this time at once, as for a process that was suspended: everything that was due
    /// in the meantime is due now. With a [`Script`](crate::Script), where the test is the server and
    /// answers nothing meanwhile, this is the right method.
    pub async fn jump(self, time: Duration) {
        self.settle().await;
        tokio::time::advance(time).await;
        self.sandbox.hub.wake();
        self.settle().await;
        self.sandbox.hub.time.sign_of_life();
    }

    /// Lets the tasks of the bot and the sandbox run, and their sockets be read.
    async fn settle(self) {
        let mut changes = self.sandbox.hub.changes();
        let mut quiet = 0;
        for _ in 0..MAX_YIELDS {
            yield_now().await;
            let has_changed = changes.has_changed().unwrap_or_default();
            changes.mark_unchanged();
            quiet = if has_changed { 0 } else { quiet + 1 };
            if quiet == QUIET_YIELDS {
                return;
            }
        }
    }
}

impl fmt::Debug for Clock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}
