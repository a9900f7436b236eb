//! The handle of a shard: what users see of it, and how their payloads reach its connection.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::{Error, Result};
use crate::gateway::send_limit::MOST_BYTES;

/// A gateway shard. As a handler's parameter it is the shard that received the event.
///
/// Clones are cheap.
#[derive(Clone)]
pub struct Shard(Arc<Inner>);

struct Inner {
    id: u32,
    count: u32,
    /// In microseconds; the largest number where there is none yet.
    latency: AtomicU64,
    link: watch::Sender<Link>,
}

/// What becomes of a payload now.
#[derive(Clone)]
enum Link {
    /// There will be a connection: payloads wait for it.
    Expected,
    Ready(mpsc::Sender<Order>),
    /// There will be none any more.
    Over,
}

/// What the writing half of a connection is asked to do.
pub(crate) enum Order {
    /// A user's payload; what came of it goes back.
    Send {
        text: String,
        sent: oneshot::Sender<Result<()>>,
    },
    Close(u16),
}

const UNKNOWN: u64 = u64::MAX;

impl Shard {
    pub(crate) fn new(id: u32, count: u32) -> Self {
        let latency = AtomicU64::new(UNKNOWN);
        Self(Arc::new(Inner {
            id,
            count,
            latency,
            link: watch::Sender::new(Link::Expected),
        }))
    }

    /// The number of this shard, from 0.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// How many shards the bot has.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.count
    }

    /// How long the last heartbeat's acknowledgement took; `None` before the first.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        let micros = self.0.latency.load(Ordering::Relaxed);
        (micros != UNKNOWN).then(|| Duration::from_micros(micros))
    }

    /// Sends a payload to this very shard's connection, and is ready when it has been written.
    ///
    /// While the shard is not connected the payload waits for READY or RESUMED; dropping the
    /// future withdraws it. It is never sent twice.
    ///
    /// See [Discord Docs/Send Events](https://discord.com/developers/docs/events/gateway-events#send-events).
    ///
    /// # Errors
    ///
    /// [`Error::Json`] where it cannot be written as JSON, [`Error::Gateway`] where it is longer
    /// than Discord's 4,096 bytes, the connection broke while it was sent or the bot has ended, and
    /// [`Error::RateLimit`] past 120 in 60 seconds; heartbeats keep their share of those.
    pub async fn send_gateway_payload(&self, payload: impl Serialize) -> Result<()> {
        let text = serde_json::to_string(&payload)
            .map_err(|error| Error::json("the gateway payload cannot be written as JSON", error))?;
        drop(payload);
        self.send(text).await
    }

    async fn send(&self, text: String) -> Result<()> {
        if text.len() > MOST_BYTES {
            return Err(Error::gateway(format!(
                "a gateway payload of {} bytes was not sent: Discord takes {MOST_BYTES} at the most",
                text.len()
            )));
        }
        let mut links = self.0.link.subscribe();
        loop {
            let link = links.wait_for(|link| !matches!(link, Link::Expected)).await;
            let Ok(Link::Ready(orders)) = link.map(|link| link.clone()) else {
                return Err(Error::gateway(
                    "the bot has been closed; the gateway payload was not sent",
                ));
            };
            let (sent, answer) = oneshot::channel();
            let order = Order::Send {
                text: text.clone(),
                sent,
            };
            if orders.send(order).await.is_err() {
                // That connection ended before it took the payload: wait for the next one.
                let is_other = |link: &Link| match link {
                    Link::Ready(now) => !now.same_channel(&orders),
                    Link::Expected | Link::Over => true,
                };
                let _ = links.wait_for(is_other).await;
                continue;
            }
            return answer.await.unwrap_or_else(|_| {
                Err(Error::gateway(
                    "the connection ended before the gateway payload was sent; send it again",
                ))
            });
        }
    }

    pub(crate) fn connected(&self, orders: mpsc::Sender<Order>) {
        self.0.link.send_replace(Link::Ready(orders));
    }

    pub(crate) fn disconnected(&self) {
        self.0.link.send_replace(Link::Expected);
    }

    /// There will be no connection any more: who waits for one is told.
    pub(crate) fn ended(&self) {
        self.0.link.send_replace(Link::Over);
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(UNKNOWN - 1);
        self.0.latency.store(micros, Ordering::Relaxed);
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shard({}, {})", self.id(), self.count())
    }
}
