//! Delivery of events from a shard to the handlers, and saves that come first.

use std::pin::pin;

use futures_util::FutureExt;
use tokio::time::Instant;

use crate::event::acknowledge::Acknowledgement;
use crate::event::delivery::Delivery;
use crate::event::envelope::Envelope;
use crate::event::origin::Origin;
use crate::gateway::connection::Connection;
use crate::gateway::protocol::session::Step;
use crate::gateway::shard::ShardTask;
use crate::shutdown::ShutdownPhase;

impl ShardTask {
    /// Delivers an event. If that has to wait because too many handlers run, reading pauses, and
    /// with it the deadline for Discord's heartbeat acknowledgement. Returns whether it paused. The error
    /// says why the event is malformed.
    pub(super) async fn deliver_or_pause(
        &self,
        connection: &Connection,
        envelope: Envelope<'_>,
        step: &Step,
    ) -> Result<bool, String> {
        let mut delivering = pin!(self.deliver(envelope, step));
        if let Some(delivered) = delivering.as_mut().now_or_never() {
            return delivered.map(|()| false);
        }
        connection.shared.heartbeat().pause();
        let delivered = tokio::select! {
            delivered = delivering => delivered,
            () = self.reached(ShutdownPhase::Closing) => Ok(()),
        };
        connection
            .shared
            .heartbeat()
            .unpause(Instant::now().into_std());
        delivered.map(|()| true)
    }

    /// Delivers an event to its handlers, and keeps the watermark below it until they have ended. The
    /// error says why the event is malformed; then the watermark forgets it.
    pub(super) async fn deliver(&self, envelope: Envelope<'_>, step: &Step) -> Result<(), String> {
        let origin = self.origin(step);
        // If sessions are not saved, handled events need not be tracked.
        let watermark = self.context.saver.as_ref().and(self.watermark.as_ref());
        let numbered = envelope.s.filter(|_| envelope.op == 0).zip(watermark);
        let mut before = 0;
        if let Some((seq, watermark)) = numbered {
            before = watermark.received(seq);
            self.save_before_delivery(step).await;
        }
        let wanted = || match numbered {
            Some((seq, watermark)) => {
                Acknowledgement::new(watermark.unhandled(seq, Instant::now()))
            }
            None => Acknowledgement::none(),
        };
        let delivery = Delivery::new(envelope)
            .from(origin)
            .acknowledge_if_wanted(&wanted);
        let delivered = match self.context.sink.begin(delivery) {
            Ok(Some(waiting)) => waiting.await,
            Ok(None) => Ok(()),
            Err(why) => Err(why),
        };
        if let Some((_, watermark)) = numbered {
            match delivered {
                Ok(()) => watermark.delivered(),
                Err(_) => watermark.withdrawn(before),
            }
        }
        delivered
    }

    fn origin(&self, step: &Step) -> Origin {
        let replay = matches!(step, Step::Dispatch { replay: true, .. });
        Origin {
            shard: Some((self.shard.id(), self.shard.count())),
            session: self.session.id(),
            replay,
        }
    }

    /// Saves what must not be lost if this event ends the process: a new session, because the next
    /// process would have to start another; the progress of a session that was resumed; and, if an
    /// event may have ended a process before, that this one was received.
    async fn save_before_delivery(&self, step: &Step) {
        let Step::Dispatch { replay, started } = step else {
            return;
        };
        if let Some(saver) = &self.context.saver
            && (self.progress.event_received(*replay) || started.is_some())
        {
            saver.save_now().await;
        }
    }
}
