//! Clock that only the test advances, while sockets work in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::task::{spawn_blocking, yield_now};

/// Real time after which the clock runs freely, so that a test that waits for something that never
/// happens ends.
const MAX_REAL_TIME: Duration = Duration::from_secs(30);
/// How often to yield, so that every task that is ready has run.
const YIELDS: u32 = 100;

/// Clock of a test that starts paused. While this value lives, only the test advances it.
pub struct Clock {
    _hold: Sender<()>,
    has_expired: Arc<AtomicBool>,
}

impl Clock {
    pub fn pause() -> Self {
        let (hold, released) = channel::<()>();
        let has_expired = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&has_expired);
        // tokio advances a paused clock to the next timer when no task is ready, even if bytes are
        // on their way, but not while a blocking task runs.
        spawn_blocking(move || {
            let timed_out = released.recv_timeout(MAX_REAL_TIME) == Err(RecvTimeoutError::Timeout);
            flag.store(timed_out, Ordering::SeqCst);
        });
        Self {
            _hold: hold,
            has_expired,
        }
    }

    /// Advances the clock, and lets every task that waited for this time run.
    pub async fn advance(&self, time: Duration) {
        tokio::time::advance(time).await;
        for _ in 0..YIELDS {
            yield_now().await;
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let has_expired = self.has_expired.load(Ordering::SeqCst);
        assert!(
            thread::panicking() || !has_expired,
            "something waited for a time to which the test did not advance the clock"
        );
    }
}
