//! A clock that stands still until a test moves it, while sockets go on in real time.

use std::sync::mpsc;
use std::time::Duration;

use tokio::task::{spawn_blocking, yield_now};
use tokio::time::advance;

/// In real time. After it the clock runs on by leaps, so that what a test waits for in vain fails
/// it instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);
/// Enough for everybody to act who can act without a socket or the time.
const TURNS: u32 = 100;

/// The clock of a test that starts paused. As long as this lives nobody else moves it.
pub struct Clock {
    _hold: mpsc::Sender<()>,
}

impl Clock {
    pub fn hold() -> Self {
        let (hold, end) = mpsc::channel::<()>();
        // A paused clock leaps to the next timer when nobody has anything to do, which is so while
        // bytes are on their way, too; but not while a blocking task runs.
        spawn_blocking(move || {
            let _ = end.recv_timeout(PATIENCE);
        });
        Self { _hold: hold }
    }

    /// Moves on; whoever waited for it has acted afterwards.
    pub async fn pass(&self, time: Duration) {
        advance(time).await;
        for _ in 0..TURNS {
            yield_now().await;
        }
    }
}
