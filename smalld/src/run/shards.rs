//! Tasks of the shards. Each starts from the checkpoint that an earlier process saved for it. They
//! share one queue for IDENTIFY.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::bot::SmallD;
use crate::error::Result;
use crate::event::intents::Intents;
use crate::event::sink::Sink;
use crate::gateway::checkpoint::document::{Checkpoint, Configuration, unix_seconds};
use crate::gateway::checkpoint::progress::{Progress, restore_shard};
use crate::gateway::checkpoint::saver::{Saver, SaverGuard};
use crate::gateway::{IdentifyQueue, Identity, Shard, ShardContext, ShardTask, have_same_site};
use crate::run::gateway_bot;
use crate::run::plan::Plan;
use crate::run::preflight::GatewayStart;
use crate::run::runtimes::Runtimes;

/// What the shards need to start.
pub(super) struct LaunchContext<'a> {
    pub(super) bot: &'a SmallD,
    pub(super) plan: &'a Plan,
    pub(super) runtimes: &'a Runtimes,
    pub(super) sink: &'a Sink,
    /// Each shard holds a clone until it delivers no more events.
    pub(super) delivering: &'a mpsc::Sender<Infallible>,
}

/// Starts one task per shard, and the saver if the option `sessions` is set.
pub(super) async fn launch(
    with: LaunchContext<'_>,
    start: GatewayStart,
    intents: Intents,
) -> Result<(JoinSet<Result<()>>, Option<SaverGuard>)> {
    let plan = with.plan;
    let configuration = configuration(&with, &start, intents);
    let checkpoints = checkpoints(&start, &configuration);
    let new_sessions = checkpoints.iter().filter(|saved| saved.session.is_none());
    gateway_bot::check_starts(&start.limit, new_sessions.count(), checkpoints.len())?;
    let progresses: Vec<_> = checkpoints
        .iter()
        .map(Progress::new)
        .map(Arc::new)
        .collect();
    let (saver, guard) = match &plan.sessions {
        Some(sessions) => {
            let (sessions, shards) = (sessions.clone(), progresses.clone());
            let control = with.runtimes.control().cloned();
            let (saver, guard) = Saver::start(sessions, configuration, shards, control).await?;
            (Some(saver), Some(guard))
        }
        None => (None, None),
    };
    let context = context(&with, &start, saver);
    count_earlier_identifies(&context.identifies, &checkpoints);
    let mut tasks = JoinSet::new();
    for (shard, progress) in start.shards.iter().cloned().zip(progresses) {
        let identity = Identity {
            token: plan.token.clone(),
            intents,
            shard: (shard.id(), shard.count()),
            extra: plan.identify.clone(),
        };
        let delivering = with.delivering.clone();
        let task = ShardTask::new(context.clone(), shard, identity, progress, delivering);
        tasks.spawn_on(task.run(), with.runtimes.workers());
    }
    Ok((tasks, guard))
}

/// The checkpoints that an earlier process saved for these shards. Some may be empty.
fn checkpoints(start: &GatewayStart, configuration: &Configuration) -> Vec<Checkpoint> {
    let restored = start.shards.iter().map(|shard| {
        let document = start.document.as_ref();
        let mut checkpoint = restore_shard(document, configuration, shard.id());
        keep_to_the_gateway(&mut checkpoint, &start.url);
        checkpoint
    });
    restored.collect()
}

/// Tells the queue when earlier processes identified, because Discord counts those too.
fn count_earlier_identifies(queue: &IdentifyQueue, checkpoints: &[Checkpoint]) {
    let now = unix_seconds(SystemTime::now());
    for checkpoint in checkpoints {
        let ago = now.saturating_sub(checkpoint.last_session_start);
        queue.identified_before(checkpoint.shard, Duration::from_secs(ago));
    }
}

/// Replaces a saved resume URL that is on another site than the gateway. RESUME contains the token,
/// which must not be sent to an address that somebody else may have written into the session store.
/// Discord also accepts RESUME at the gateway's general URL.
fn keep_to_the_gateway(checkpoint: &mut Checkpoint, gateway_url: &str) {
    if let Some(session) = &mut checkpoint.session
        && !have_same_site(&session.resume_url, gateway_url)
    {
        let shard = checkpoint.shard;
        tracing::warn!(target: "smalld", shard, "the resume URL of the saved session, {}, is on another site than the gateway: resuming at {gateway_url} instead", session.resume_url);
        gateway_url.clone_into(&mut session.resume_url);
    }
}

/// The configuration that sessions are started with now.
fn configuration(
    with: &LaunchContext<'_>,
    start: &GatewayStart,
    intents: Intents,
) -> Configuration {
    Configuration {
        bot: with.bot.id().map(ToOwned::to_owned),
        base_url: with.bot.inner().rest.base().text().to_owned(),
        shard_count: start.shards.first().map_or(0, Shard::count),
        intents: intents.bits(),
        identify: with.plan.identify.clone(),
    }
}

fn context(with: &LaunchContext<'_>, start: &GatewayStart, saver: Option<Saver>) -> ShardContext {
    let (named, asked) = (with.bot.clone(), with.bot.clone());
    ShardContext {
        url: start.url.clone(),
        fetch_gateway_url: Arc::new(move || Box::pin(gateway_bot::address(asked.clone()))),
        connect: with.plan.connect.clone(),
        control: with.runtimes.control().cloned(),
        identifies: Arc::new(IdentifyQueue::new(start.limit)),
        sink: with.sink.clone(),
        saver,
        shutdown: with.bot.inner().shutdown.subscribe(),
        on_ready: Arc::new(move |id| drop(named.inner().id.set(id.into()))),
    }
}
