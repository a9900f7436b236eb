//! The time of the sandbox: tokio's clock, which a test may have stopped, and what a test added to it.
//!
//! tokio moves a paused clock by itself when no task has anything to do, which is also so while bytes
//! are on their way through a socket. A blocking task prevents that; it is held here for as long as the
//! clock stands still. Waits are then bounded by real time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::world::timestamp;

/// How long nothing may happen, in real time, before a stopped clock goes on by itself, so that a test
/// which waits for a time that it does not advance ends.
const MAX_REAL_TIME: Duration = Duration::from_secs(30);

pub(crate) struct Time {
    began: Instant,
    began_millis: u64,
    /// By how many milliseconds a test has advanced the time of the world alone.
    added: AtomicU64,
    hold: OnceLock<Hold>,
}

/// What keeps tokio's clock from moving by itself.
struct Hold {
    signs: mpsc::Sender<Sign>,
    /// Whether the test did nothing for so long that the clock went on by itself.
    ran_on: Arc<AtomicBool>,
}

/// What a test tells the blocking task.
#[derive(PartialEq)]
enum Sign {
    OfLife,
    End,
}

impl Time {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            began_millis: timestamp::now_millis(),
            added: AtomicU64::new(0),
            hold: OnceLock::new(),
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_millis(&self) -> u64 {
        let added = self.added.load(Ordering::Relaxed);
        let elapsed = millis(self.began.elapsed());
        self.began_millis
            .saturating_add(elapsed)
            .saturating_add(added)
    }

    /// Advances the time of the world alone.
    pub(crate) fn add(&self, time: Duration) {
        let add = |added: u64| Some(added.saturating_add(millis(time)));
        // The closure always returns a value, so that this cannot fail.
        let _ = self
            .added
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Stops tokio's clock, or keeps a paused one where it is.
    pub(crate) fn stop(&self) {
        self.hold.get_or_init(|| {
            if !is_paused() {
                tokio::time::pause();
            }
            Hold::begin()
        });
    }

    /// Tells a stopped clock that the test goes on.
    pub(crate) fn sign_of_life(&self) {
        self.sign(Sign::OfLife);
    }

    /// Lets go of a stopped clock, which tokio may move by itself then. Returns whether it did so before.
    pub(crate) fn release(&self) -> bool {
        self.sign(Sign::End);
        let hold = self.hold.get();
        hold.is_some_and(|hold| hold.ran_on.load(Ordering::SeqCst))
    }

    fn sign(&self, sign: Sign) {
        if let Some(hold) = self.hold.get() {
            // An error means that the clock goes on by itself already.
            let _ = hold.signs.send(sign);
        }
    }

    /// Waits for a future, at most this long: in real time if the clock is stopped.
    pub(crate) async fn within<T>(
        &self,
        at_most: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        if self.hold.get().is_none() {
            return timeout(at_most, future).await.ok();
        }
        self.sign_of_life();
        tokio::select! {
            biased;
            result = future => Some(result),
            () = real_sleep(at_most) => None,
        }
    }
}

impl Hold {
    fn begin() -> Self {
        let (signs, received) = mpsc::channel();
        let ran_on = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran_on);
        spawn_blocking(move || {
            let mut sign = Ok(Sign::OfLife);
            while sign == Ok(Sign::OfLife) {
                sign = received.recv_timeout(MAX_REAL_TIME);
            }
            let ran_on = sign == Err(mpsc::RecvTimeoutError::Timeout);
            flag.store(ran_on, Ordering::SeqCst);
        });
        Self { signs, ran_on }
    }
}

/// Whether tokio's clock is paused: then it stands still while time passes.
fn is_paused() -> bool {
    let (before, real) = (Instant::now(), std::time::Instant::now());
    while real.elapsed().is_zero() {
        std::hint::spin_loop();
    }
    Instant::now() == before
}

/// Ends after this real time, whatever tokio's clock says.
async fn real_sleep(time: Duration) {
    let (over, is_over) = oneshot::channel::<()>();
    let (_cancel, cancelled) = mpsc::channel::<()>();
    thread::spawn(move || {
        // Ends early when the wait is dropped.
        let _ = cancelled.recv_timeout(time);
        drop(over);
    });
    let _ = is_over.await;
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
