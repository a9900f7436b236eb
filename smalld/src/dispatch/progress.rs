//! Progress of an event: while it is at work or waits, its source is told so now and then.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::event::acknowledge::Claim;

/// How often a source is told. A run that lasts longer is slow.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// Waits for a future, and tells the source of the event at each interval that it goes on.
pub(super) async fn while_waiting<F: Future>(claim: &Claim, future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        match timeout(PROGRESS_INTERVAL, future.as_mut()).await {
            Ok(output) => return output,
            Err(_) => claim.in_progress(),
        }
    }
}
