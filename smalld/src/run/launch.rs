//! Sets the shards on their way: each with what an earlier process left for it, and all with one
//! queue for IDENTIFY.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::bot::SmallD;
use crate::dispatch::Dispatcher;
use crate::error::Result;
use crate::gateway::checkpoint::document::{Checkpoint, Configuration, unix_seconds};
use crate::gateway::checkpoint::progress::{Progress, restore_shard};
use crate::gateway::checkpoint::saver::{Saver, SaverGuard};
use crate::gateway::{IdentifyQueue, Identity, Shard, ShardContext, ShardTask, are_of_one_site};
use crate::run::plan::Plan;
use crate::run::preflight::{self, Start};

/// All shards on their way.
pub(crate) struct Fleet {
    pub(crate) gateways: JoinSet<Result<()>>,
    /// Ends when no event comes any more.
    pub(crate) reading: mpsc::Receiver<Infallible>,
    pub(crate) saving: Option<SaverGuard>,
}

impl Fleet {
    /// Where the bot is closed before there are any.
    pub(crate) fn none() -> Self {
        Self {
            gateways: JoinSet::new(),
            saving: None,
            reading: mpsc::channel(1).1,
        }
    }
}

/// Starts a task for each shard, and saves their sessions where they are to be kept.
pub(crate) async fn launch(
    bot: &SmallD,
    plan: &Plan,
    dispatcher: &Dispatcher,
    start: Start,
) -> Result<Fleet> {
    let configuration = configuration(bot, plan, &start);
    let checkpoints = checkpoints(&start, &configuration);
    let new_sessions = checkpoints.iter().filter(|saved| saved.session.is_none());
    preflight::check_starts(&start.limit, new_sessions.count(), checkpoints.len())?;
    let progresses: Vec<_> = checkpoints
        .iter()
        .map(Progress::new)
        .map(Arc::new)
        .collect();
    let (saver, saving) = match &plan.sessions {
        Some(sessions) => {
            let (sessions, shards) = (sessions.clone(), progresses.clone());
            let (saver, guard) = Saver::start(sessions, configuration, shards, None).await?;
            (Some(saver), Some(guard))
        }
        None => (None, None),
    };
    let context = context(bot, plan, dispatcher, &start, saver);
    count_earlier_identifies(&context.identifies, &checkpoints);
    let (reads, reading) = mpsc::channel(1);
    let mut gateways = JoinSet::new();
    for (shard, progress) in start.shards.iter().cloned().zip(progresses) {
        let identity = Identity {
            token: plan.token.clone(),
            intents: start.intents,
            shard: (shard.id(), shard.count()),
            extra: plan.identify.clone(),
        };
        let task = ShardTask::new(context.clone(), shard, identity, progress, reads.clone());
        gateways.spawn(task.run());
    }
    Ok(Fleet {
        gateways,
        reading,
        saving,
    })
}

/// The checkpoints that an earlier process left for these shards, of which some may be empty.
fn checkpoints(start: &Start, configuration: &Configuration) -> Vec<Checkpoint> {
    let restored = start.shards.iter().map(|shard| {
        let document = start.document.as_ref();
        let mut checkpoint = restore_shard(document, configuration, shard.id());
        keep_to_the_gateway(&mut checkpoint, &start.gateway_url);
        checkpoint
    });
    restored.collect()
}

/// Discord also counts those of the process before this one.
fn count_earlier_identifies(queue: &IdentifyQueue, checkpoints: &[Checkpoint]) {
    let now = unix_seconds(SystemTime::now());
    for checkpoint in checkpoints {
        let ago = now.saturating_sub(checkpoint.last_session_start);
        queue.identified_before(checkpoint.shard, Duration::from_secs(ago));
    }
}

/// RESUME carries the token, which must not go to an address that somebody else wrote into the
/// session store. Discord accepts a RESUME at its general URL, too.
fn keep_to_the_gateway(checkpoint: &mut Checkpoint, gateway_url: &str) {
    if let Some(session) = &mut checkpoint.session
        && !are_of_one_site(&session.resume_url, gateway_url)
    {
        let shard = checkpoint.shard;
        tracing::warn!(target: "smalld", shard, "the saved session is resumed at {gateway_url}, and not at {}, which is another site", session.resume_url);
        gateway_url.clone_into(&mut session.resume_url);
    }
}

/// The configuration that sessions are started with now.
fn configuration(bot: &SmallD, plan: &Plan, start: &Start) -> Configuration {
    Configuration {
        bot: bot.id().map(ToOwned::to_owned),
        base_url: bot.inner().rest.base().text().to_owned(),
        shard_count: start.shards.first().map_or(0, Shard::count),
        intents: start.intents.bits(),
        identify: plan.identify.clone(),
    }
}

fn context(
    bot: &SmallD,
    plan: &Plan,
    dispatcher: &Dispatcher,
    start: &Start,
    saver: Option<Saver>,
) -> ShardContext {
    let (named, asked) = (bot.clone(), bot.clone());
    ShardContext {
        url: start.gateway_url.clone(),
        fetch_gateway_url: Arc::new(move || Box::pin(preflight::address(asked.clone()))),
        connect: plan.connect.clone(),
        control: None,
        identifies: Arc::new(IdentifyQueue::new(start.limit)),
        dispatcher: dispatcher.clone(),
        saver,
        shutdown: bot.inner().shutdown.subscribe(),
        on_ready: Arc::new(move |id| drop(named.inner().id.set(id.into()))),
    }
}
