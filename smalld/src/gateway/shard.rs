//! The socket loop of a shard: connects, reads, and carries out what the session asks for. All
//! decisions are the session's; all writing is the writer's.

mod deliver;
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

use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::gateway::checkpoint::document::{SavedSession, unix_seconds};
use crate::gateway::checkpoint::progress::Progress;
use crate::gateway::checkpoint::saver::Saver;
use crate::gateway::checkpoint::watermark::Watermark;
use crate::gateway::connection::connect::Connect;
use crate::gateway::connection::writer::RESUMABLE;
use crate::gateway::connection::{Connection, farewell};
use crate::gateway::handle::{Shard, ShardState};
use crate::gateway::identify_queue::{IdentifyPermit, IdentifyQueue};
use crate::gateway::protocol::disconnect::Disconnect;
use crate::gateway::protocol::pace::Pace;
use crate::gateway::protocol::session::{Identity, Session};
use crate::shutdown::ShutdownPhase;

/// Ends the session; the bot goes offline at once.
const GOODBYE: u16 = 1000;
/// How long Discord may take to say where its gateway is, while nothing else works either.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a session has to be ready to count as one that was worth beginning.
const LASTS: Duration = Duration::from_secs(600);

/// Asks Discord where its gateway is; `None` where it cannot be asked.
pub(crate) type FetchGatewayUrl =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<String>> + Send>> + Send + Sync>;

/// Held while events may come, so that whoever waits for their handlers knows when these are all.
pub(crate) type ReadingGuard = mpsc::Sender<Infallible>;

/// What all shards of a bot share.
#[derive(Clone)]
pub(crate) struct ShardContext {
    pub(crate) url: String,
    pub(crate) fetch_gateway_url: FetchGatewayUrl,
    pub(crate) connect: Connect,
    /// The control thread, on which connections are written; without it, they are written here.
    pub(crate) control: Option<Handle>,
    pub(crate) identifies: Arc<IdentifyQueue>,
    pub(crate) dispatcher: Dispatcher,
    /// Set if sessions are saved.
    pub(crate) saver: Option<Saver>,
    pub(crate) shutdown: watch::Receiver<ShutdownPhase>,
    /// Told the bot's own user id when READY names it.
    pub(crate) on_ready: Arc<dyn Fn(&str) + Send + Sync>,
}

/// One shard's way through all its connections.
pub(crate) struct ShardTask {
    context: ShardContext,
    shard: Shard,
    session: Session,
    progress: Arc<Progress>,
    /// The watermark of the session, if there is one.
    watermark: Option<Arc<Watermark>>,
    /// A place among those who wait to identify, taken before this runs.
    permit: Option<IdentifyPermit>,
    /// Dropped when the bot stops and no event comes from here any more.
    reading: Option<ReadingGuard>,
    /// Before the next connection.
    wait: Duration,
    pace: Pace,
    /// Since when this connection has a session that is ready.
    ready_since: Option<Instant>,
    was_ready: bool,
    /// How many events have been replayed since the last RESUMED.
    replayed: u64,
}

impl ShardTask {
    /// Takes the shard's place among those who wait to identify, so the order in which these are
    /// made is the order in which they start.
    pub(crate) fn new(
        context: ShardContext,
        shard: Shard,
        identity: Identity,
        progress: Arc<Progress>,
        reading: ReadingGuard,
    ) -> Self {
        let saved = progress.checkpoint();
        // An earlier run may have ended it.
        shard.disconnected();
        let earlier = saved.session.as_ref().map(SavedSession::to_resume);
        let session = Session::restored(identity, earlier, progress.session_starts());
        let since_last = unix_seconds(SystemTime::now()).saturating_sub(saved.last_session_start);
        let wait = session.first_wait(Duration::from_secs(since_last));
        let queues = session.will_identify() && wait.is_zero();
        let permit = queues.then(|| context.identifies.join(shard.id()));
        Self {
            context,
            shard,
            session,
            watermark: progress.watermark(),
            progress,
            permit,
            reading: Some(reading),
            wait,
            pace: Pace::default(),
            ready_since: None,
            was_ready: false,
            replayed: 0,
        }
    }

    /// Runs until the bot is closed, or until nothing will help.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        let shard = self.shard.id();
        if !self.wait.is_zero() {
            let (wait, starts) = (self.wait, self.session.starts());
            tracing::warn!(target: "smalld", shard, "the last {starts} sessions did not last 10 minutes, and Discord limits how many may start in a day: the next one starts in {wait:.0?}");
        }
        if let (false, Some(seq)) = (self.session.will_identify(), self.session.seq()) {
            tracing::info!(target: "smalld", shard, seq, "resuming the saved session from the last event that was handled");
        }
        loop {
            if timeout(self.wait, self.stopped()).await.is_ok() {
                return Ok(());
            }
            let Some(end) = self.connection().await else {
                return Ok(());
            };
            self.disconnected();
            let was_resuming = self.session.is_resuming();
            let wait = self.session.ended(end, fastrand::f64())?;
            let now = Instant::now().into_std();
            self.wait = wait.max(self.pace.ended(now, fastrand::f64()));
            if self.session.will_identify() {
                self.session_lost(was_resuming);
            }
            self.log_end(end);
            self.find_address().await;
        }
    }

    fn disconnected(&mut self) {
        self.shard.disconnected();
        self.note_if_session_lasted();
        self.ready_since = None;
    }

    /// A session that has lasted no longer counts as a failed start.
    fn note_if_session_lasted(&mut self) {
        let since = self.ready_since.map(|since| since.elapsed());
        if since.is_some_and(|since| since >= LASTS) && self.session.starts() > 0 {
            self.session.lasted();
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

    /// One connection from its start to its end; `None` when the bot is closed.
    async fn connection(&mut self) -> Option<Disconnect> {
        let permit = self.identify_permit().await?;
        self.shard.set_state(ShardState::Connecting);
        let url = self
            .session
            .connect()
            .unwrap_or(&self.context.url)
            .to_owned();
        let opened = tokio::select! {
            biased;
            () = self.stopped() => return None,
            opened = self.context.connect.open(&url, self.context.control.as_ref()) => opened,
        };
        let mut opened = match opened {
            Ok(opened) => opened,
            Err((end, why)) => {
                let shard = self.shard.id();
                tracing::warn!(target: "smalld", shard, "no connection to the gateway: {why}");
                return Some(end);
            }
        };
        let mut inflater = self.context.connect.inflater();
        let interval = match self
            .handshake(&mut opened.socket, &mut inflater, permit)
            .await
        {
            Ok(interval) => interval,
            Err(end) => {
                self.stops_reading(end);
                farewell(&mut opened.socket, self.close_with(end)).await;
                return end;
            }
        };
        let mut connection = Connection::new(opened, interval, self.context.control.as_ref());
        // The writer goes first: behind a handler that blocks its thread it would wait for that.
        yield_now().await;
        let end = self.read(&mut connection, &mut inflater).await;
        self.stops_reading(end);
        self.leave(connection, end).await;
        end
    }

    fn stops_reading(&mut self, end: Option<Disconnect>) {
        if end.is_none() {
            self.reading = None;
        }
    }

    /// Waits until this shard may identify, where it has to; `None` when the bot is closed.
    async fn identify_permit(&mut self) -> Option<Option<IdentifyPermit>> {
        if !self.session.will_identify() {
            return Some(None);
        }
        let place = self.permit.take();
        let permit = place.unwrap_or_else(|| self.context.identifies.join(self.shard.id()));
        tokio::select! {
            biased;
            () = self.stopped() => None,
            () = permit.granted() => Some(Some(permit)),
        }
    }

    /// Where connecting has failed again and again, the gateway may have moved.
    async fn find_address(&mut self) {
        if !self.session.doubts_address() {
            return;
        }
        let asking = (self.context.fetch_gateway_url)();
        let found = tokio::select! {
            biased;
            () = self.stopped() => None,
            found = timeout(ASK_TIMEOUT, asking) => found.ok().flatten(),
        };
        if let Some(url) = found {
            self.context.url = url;
        }
    }

    async fn stopped(&self) {
        self.reached(ShutdownPhase::Draining).await;
    }

    async fn reached(&self, wanted: ShutdownPhase) {
        // The sender lives as long as the bot, which holds us; without it all is over anyway.
        let _ = self
            .context
            .shutdown
            .clone()
            .wait_for(|&shutdown| shutdown >= wanted)
            .await;
    }

    /// Ends a connection: says so where that means something, and drops the socket.
    async fn leave(&self, connection: Connection, end: Option<Disconnect>) {
        if end.is_none() {
            // Heartbeats go on while handlers finish; that nobody reads their answers is no fault.
            connection.pulse.heartbeat().pause();
            self.reached(ShutdownPhase::Closing).await;
        }
        if let Some(code) = self.close_with(end) {
            connection.close(code).await;
        }
    }

    /// The code to close with, where there is still somebody to tell.
    fn close_with(&self, end: Option<Disconnect>) -> Option<u16> {
        match end {
            // Whoever comes after this process will resume.
            None if self.context.saver.is_some() => Some(RESUMABLE),
            // The bot is to be seen offline at once.
            None => Some(GOODBYE),
            Some(
                Disconnect::Malformed
                | Disconnect::Reconnect
                | Disconnect::InvalidSession { .. }
                | Disconnect::Silent,
            ) => Some(RESUMABLE),
            Some(Disconnect::Closed(_) | Disconnect::Lost | Disconnect::Unreachable { .. }) => None,
        }
    }

    fn log_end(&self, end: Disconnect) {
        let how = if self.session.will_identify() {
            "identifies anew"
        } else {
            "resumes"
        };
        let when = match self.wait.as_secs_f64() {
            wait if wait < 0.05 => "at once".to_owned(),
            wait => format!("in {wait:.1} s"),
        };
        let shard = self.shard.id();
        tracing::info!(target: "smalld", shard, "connection ended ({end}); {how} {when}");
    }
}
