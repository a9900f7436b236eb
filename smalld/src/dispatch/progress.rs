//! Progress of an event: tells its source at regular intervals that the event is still being
//! handled.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::event::acknowledge::Claim;

/// How often a source is told. A run that lasts longer is slow.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// Waits for a future. Meanwhile tells the source of the event, at each interval, that it is in
/// progress.
pub(super) async fn while_waiting<F: Future>(claim: &Claim, future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        match timeout(PROGRESS_INTERVAL, future.as_mut()).await {
            Ok(output) => return output,
            Err(_) => claim.in_progress(),
        }
    }
}
