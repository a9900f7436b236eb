//! Task of a shard: its loop over connections.
//!
//! - `handshake.rs`: from a URL to IDENTIFY or RESUME.
//! - `frame.rs`: from a frame to the text of a payload.
//! - `read.rs`: from payloads to the session's steps, until the connection ends.
//! - `deliver.rs`: from events to handlers.
//! - `leave.rs`: the end of a connection.
//!
//! These files contain parts of `ShardTask`, and so import it from here. The session decides what a
//! payload means, and the reconnect policy what follows a disconnect.

mod deliver;
mod frame;
mod handshake;
mod leave;
mod read;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::error::Error;
use crate::error::duration::Readable;
use crate::event::sink::Sink;
use crate::gateway::checkpoint::document::{SavedSession, unix_seconds};
use crate::gateway::checkpoint::progress::Progress;
use crate::gateway::checkpoint::saver::Saver;
use crate::gateway::checkpoint::watermark::Watermark;
use crate::gateway::connection::connect::Connect;
use crate::gateway::connection::{Connection, close_socket};
use crate::gateway::handle::{Shard, ShardState};
use crate::gateway::identify_queue::{IdentifyPermit, IdentifyQueue};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::reconnect::{
    Handshake, NextConnection, Phase, ReconnectPolicy, UrlKind,
};
use crate::gateway::protocol::session::{Identity, Session};
use crate::shutdown::ShutdownPhase;

/// Discord may take this long to return the URL of its gateway. The shard waits meanwhile.
const FETCH_URL_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks Discord for the URL of its gateway. Returns `None` if Discord does not answer.
pub(crate) type FetchGatewayUrl =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync>;

/// Held while a shard may deliver events. When all are dropped, all events have been delivered.
pub(crate) type ReadingGuard = mpsc::Sender<Infallible>;

/// What all shards of a bot share.
#[derive(Clone)]
pub(crate) struct ShardContext {
    /// The general URL of the gateway.
    pub(crate) url: String,
    pub(crate) fetch_gateway_url: FetchGatewayUrl,
    pub(crate) connect: Connect,
    /// The control thread, on which connections are written; without it, they are written here.
    pub(crate) control: Option<Handle>,
    pub(crate) identifies: Arc<IdentifyQueue>,
    pub(crate) sink: Sink,
    /// Set if sessions are saved.
    pub(crate) saver: Option<Saver>,
    pub(crate) shutdown: watch::Receiver<ShutdownPhase>,
    /// Called with the bot's own user id, when READY names it.
    pub(crate) on_ready: Arc<dyn Fn(&str) + Send + Sync>,
}

/// One shard, over all its connections.
pub(crate) struct ShardTask {
    context: ShardContext,
    shard: Shard,
    session: Session,
    policy: ReconnectPolicy,
    /// The next connection, or the one that is open.
    next: NextConnection,
    progress: Arc<Progress>,
    /// The watermark of the session, if there is one.
    watermark: Option<Arc<Watermark>>,
    /// A place among the shards that wait to identify, taken before this runs.
    permit: Option<IdentifyPermit>,
    /// Dropped when the bot stops and this shard delivers no more events.
    reading: Option<ReadingGuard>,
    /// When this connection's session became ready.
    ready_since: Option<Instant>,
    /// Deadline for the answer to IDENTIFY or RESUME, until it has arrived.
    answer_deadline: Option<Instant>,
    was_ready: bool,
    /// Events replayed since the session was last ready.
    replayed: u64,
}

impl ShardTask {
    /// Takes the shard's place among those that wait to identify. So shards start in the order in
    /// which their tasks are made.
    pub(crate) fn new(
        context: ShardContext,
        shard: Shard,
        identity: Identity,
        progress: Arc<Progress>,
        reading: ReadingGuard,
    ) -> Self {
        let saved = progress.checkpoint();
        // An earlier run of the bot may have set it to `Closed`.
        shard.disconnected();
        let earlier = saved.session.as_ref().map(SavedSession::to_resume);
        let session = Session::restored(identity, earlier);
        let policy = ReconnectPolicy::new(progress.session_starts());
        let since_last = unix_seconds(SystemTime::now()).saturating_sub(saved.last_session_start);
        let next = policy.first(session.is_resumable(), Duration::from_secs(since_last));
        let queues = next.handshake == Handshake::Identify && next.wait.is_zero();
        let permit = queues.then(|| context.identifies.join(shard.id()));
        Self {
            context,
            shard,
            session,
            policy,
            next,
            watermark: progress.watermark(),
            progress,
            permit,
            reading: Some(reading),
            ready_since: None,
            answer_deadline: None,
            was_ready: false,
            replayed: 0,
        }
    }

    /// Runs until the bot is closed, or until no connection can succeed any more.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        self.log_start();
        loop {
            if timeout(self.next.wait, self.stopped()).await.is_ok() {
                return Ok(());
            }
            let Some(disconnect) = self.connection().await else {
                return Ok(());
            };
            self.disconnected(disconnect)?;
            if self.next.refresh_url {
                self.refresh_url().await;
            }
        }
    }

    fn log_start(&self) {
        let (shard, wait) = (self.shard.id(), Readable(self.next.wait));
        if !self.next.wait.is_zero() {
            let starts = self.policy.session_starts();
            tracing::warn!(target: "smalld", shard, "the last {starts} sessions did not last 10 minutes, and Discord limits how many may start in a day: the next one starts in {wait}");
        }
        if let (Handshake::Resume, Some(seq)) = (self.next.handshake, self.session.seq()) {
            tracing::info!(target: "smalld", shard, seq, "resuming the saved session from the last event that was handled");
        }
    }

    /// One connection from its start to its end. Returns `None` if the bot is closed.
    async fn connection(&mut self) -> Option<Disconnect> {
        let permit = self.identify_permit().await?;
        self.shard.set_state(ShardState::Connecting);
        let url = self.url();
        let opened = tokio::select! {
            biased;
            () = self.stopped() => return None,
            opened = self.context.connect.open(&url, self.context.control.as_ref()) => opened,
        };
        let mut opened = match opened {
            Ok(opened) => opened,
            Err((disconnect, why)) => {
                let shard = self.shard.id();
                tracing::warn!(target: "smalld", shard, "cannot connect to the gateway: {why}");
                return Some(disconnect);
            }
        };
        let mut inflater = self.context.connect.inflater();
        let interval = match self
            .handshake(&mut opened.socket, &mut inflater, permit)
            .await
        {
            Ok(interval) => interval,
            Err(disconnect) => {
                self.stop_reading(disconnect);
                close_socket(&mut opened.socket, self.close_code(disconnect)).await;
                return disconnect;
            }
        };
        let mut connection = Connection::new(opened, interval, self.context.control.as_ref());
        // Lets the writer run first: otherwise it would wait if a handler blocked this thread.
        yield_now().await;
        let disconnect = self.read(&mut connection, &mut inflater).await;
        self.stop_reading(disconnect);
        self.leave(connection, disconnect).await;
        disconnect
    }

    fn url(&self) -> String {
        let resume_url = match self.next.url {
            UrlKind::Resume => self.session.resume_url(),
            UrlKind::General => None,
        };
        resume_url.unwrap_or(&self.context.url).to_owned()
    }

    fn stop_reading(&mut self, disconnect: Option<Disconnect>) {
        if disconnect.is_none() {
            self.reading = None;
        }
    }

    /// Waits until this shard may identify, if it has to. Returns `None` if the bot is closed.
    async fn identify_permit(&mut self) -> Option<Option<IdentifyPermit>> {
        if self.next.handshake == Handshake::Resume {
            return Some(None);
        }
        let permit = self.permit.take();
        let permit = permit.unwrap_or_else(|| self.context.identifies.join(self.shard.id()));
        tokio::select! {
            biased;
            () = self.stopped() => None,
            () = permit.granted() => Some(Some(permit)),
        }
    }

    /// A connection ended: decides what comes next.
    fn disconnected(&mut self, disconnect: Disconnect) -> Result<(), Error> {
        self.shard.disconnected();
        self.note_if_session_lasted();
        (self.ready_since, self.answer_deadline) = (None, None);
        let was_resuming = self.session.phase() == Phase::Resuming;
        let now = Instant::now().into_std();
        self.next = self
            .session
            .ended(disconnect, &mut self.policy, now, fastrand::f64())?;
        if self.next.handshake == Handshake::Identify {
            self.session_lost(was_resuming);
        }
        self.log_disconnect(disconnect);
        Ok(())
    }

    /// A session that has lasted no longer counts as a failed start.
    fn note_if_session_lasted(&mut self) {
        if let Some(since) = self.ready_since {
            self.policy.session_ready_for(since.elapsed());
        }
    }

    fn session_lost(&mut self, was_resuming: bool) {
        let Some(watermark) = self.watermark.take() else {
            return;
        };
        self.progress.session_lost();
        self.shard.lost_session();
        if was_resuming {
            self.log_refused_resume(&watermark);
        }
    }

    fn log_refused_resume(&self, watermark: &Watermark) {
        let (shard, not_replayed) = (self.shard.id(), watermark.not_replayed());
        tracing::warn!(target: "smalld", shard, "Discord refused to resume: {not_replayed} events that were received but not handled are not replayed, nor those sent since");
    }

    fn log_disconnect(&self, disconnect: Disconnect) {
        let how = match self.next.handshake {
            Handshake::Identify => "starts a new session",
            Handshake::Resume => "resumes",
        };
        let when = match self.next.wait {
            wait if wait < Duration::from_millis(50) => "now".to_owned(),
            wait => format!("in {}", Readable(wait)),
        };
        let shard = self.shard.id();
        if let Some(asked) = disconnect.retry_after_beyond(self.next.wait) {
            let asked = Readable(asked);
            tracing::warn!(target: "smalld", shard, "the server asks to connect again in {asked}, but smalld does so {when}");
        }
        tracing::info!(target: "smalld", shard, "connection ended ({disconnect}); {how} {when}");
    }

    /// Fetches the gateway's URL: connecting failed repeatedly, so it may have changed.
    async fn refresh_url(&mut self) {
        let fetching = (self.context.fetch_gateway_url)();
        let url = tokio::select! {
            biased;
            () = self.stopped() => None,
            url = timeout(FETCH_URL_TIMEOUT, fetching) => url.ok().flatten(),
        };
        if let Some(url) = url {
            self.context.url = url;
        }
    }

    async fn stopped(&self) {
        self.reached(ShutdownPhase::Draining).await;
    }

    async fn reached(&self, phase: ShutdownPhase) {
        // An error means that the sender is gone, and with it the bot.
        let _ = self
            .context
            .shutdown
            .clone()
            .wait_for(|&current| current >= phase)
            .await;
    }
}
