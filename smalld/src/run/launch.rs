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
use crate::gateway::checkpoint::{Configuration, Saver, SaverGuard, restore};
use crate::gateway::{
    Checkpoint, IdentifyQueue, Identity, RestoredShard, Shard, ShardContext, ShardTask,
    are_of_one_site, unix,
};
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
    let origin = origin(bot, plan, &start);
    let left = restored_shards(&start, &origin);
    let begin = left.iter().filter(|left| left.saved.session.is_none());
    preflight::check_starts(&start.limit, begin.count(), left.len())?;
    let (asked, saving) = match &plan.sessions {
        Some(sessions) => {
            let progresses = left.iter().map(|left| Arc::clone(&left.progress)).collect();
            let (asked, ending) = Saver::start(sessions.clone(), origin, progresses).await?;
            (Some(asked), Some(ending))
        }
        None => (None, None),
    };
    let context = context(bot, plan, dispatcher, &start, asked);
    count_earlier_identifies(&context.identifies, &left);
    let (reads, reading) = mpsc::channel(1);
    let mut gateways = JoinSet::new();
    for left in left {
        let identity = Identity {
            token: plan.token.clone(),
            intents: start.intents,
            shard: (left.shard.id(), left.shard.count()),
            extra: plan.identify.clone(),
        };
        let task = ShardTask::new(context.clone(), identity, left, reads.clone());
        gateways.spawn(task.run());
    }
    Ok(Fleet {
        gateways,
        reading,
        saving,
    })
}

/// What an earlier process has left for each shard.
fn restored_shards(start: &Start, origin: &Configuration) -> Vec<RestoredShard> {
    let now = SystemTime::now();
    let left = start.shards.iter().map(|shard| {
        let (mut saved, unhandled) = restore(start.document.as_ref(), origin, shard.id(), now);
        keep_to_the_gateway(&mut saved, &start.gateway_url);
        RestoredShard::new(shard.clone(), saved, unhandled)
    });
    left.collect()
}

/// Discord counts those of the process before this one, too.
fn count_earlier_identifies(queue: &IdentifyQueue, left: &[RestoredShard]) {
    let now = unix(SystemTime::now());
    for RestoredShard { shard, saved, .. } in left {
        let ago = now.saturating_sub(saved.last_begun);
        queue.identified_before(shard.id(), Duration::from_secs(ago));
    }
}

/// A session is resumed with the token, which is not for whoever could write where sessions are
/// kept. Discord takes a RESUME at its general URL, too.
fn keep_to_the_gateway(saved: &mut Checkpoint, gateway_url: &str) {
    if let Some(session) = &mut saved.session
        && !are_of_one_site(&session.resume_url, gateway_url)
    {
        let shard = saved.shard;
        tracing::warn!(target: "smalld", shard, "the saved session is resumed at {gateway_url}: it names {}, which is elsewhere", session.resume_url);
        gateway_url.clone_into(&mut session.resume_url);
    }
}

/// Whose sessions these are.
fn origin(bot: &SmallD, plan: &Plan, start: &Start) -> Configuration {
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
        identifies: Arc::new(IdentifyQueue::new(start.limit)),
        dispatcher: dispatcher.clone(),
        saver,
        shutdown: bot.inner().shutdown.subscribe(),
        on_ready: Arc::new(move |id| drop(named.inner().id.set(id.into()))),
    }
}
