//! A clock that stands still until a test moves it, while sockets go on in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::task::{spawn_blocking, yield_now};

/// In real time. After it the clock runs on by leaps, so that a test that waits in vain comes to
/// its end.
const MAX_REAL_TIME: Duration = Duration::from_secs(30);
/// Enough for everybody to act who can act without a socket or the time.
const YIELDS: u32 = 100;

/// The clock of a test that starts paused. As long as this lives nobody else moves it.
pub struct Clock {
    _hold: Sender<()>,
    ran_on: Arc<AtomicBool>,
}

impl Clock {
    pub fn pause() -> Self {
        let (hold, released) = channel::<()>();
        let ran_on = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran_on);
        // A paused clock leaps to the next timer when nobody has anything to do, which is so while
        // bytes are on their way, too; but not while a blocking task runs.
        spawn_blocking(move || {
            let in_vain = released.recv_timeout(MAX_REAL_TIME) == Err(RecvTimeoutError::Timeout);
            flag.store(in_vain, Ordering::SeqCst);
        });
        Self {
            _hold: hold,
            ran_on,
        }
    }

    /// Moves on; whoever waited for it has acted afterwards.
    pub async fn advance(&self, time: Duration) {
        tokio::time::advance(time).await;
        for _ in 0..YIELDS {
            yield_now().await;
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let ran_on = self.ran_on.load(Ordering::SeqCst);
        assert!(
            thread::panicking() || !ran_on,
            "something waited for a time that the test did not let pass"
        );
    }
}
