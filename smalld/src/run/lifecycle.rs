//! Joins start, shards, handlers and shutdown: from the first request to the last word.

use std::convert::Infallible;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::bot::SmallD;
use crate::dispatch::Dispatcher;
use crate::error::{Error, Result};
use crate::gateway::checkpoint::sessions::Sessions;
use crate::run::launch::{Fleet, launch};
use crate::run::plan::Plan;
use crate::run::preflight;
use crate::run::signals::Signals;
use crate::shutdown::ShutdownPhase;

/// Discord's close code for intents that the application has not been granted.
const DISALLOWED_INTENTS: u16 = 4014;
/// How long the connections may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn run_blocking(bot: &SmallD, plan: &Plan) -> Result<()> {
    outside_of_a_runtime()?;
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::config(format!("no runtime could be started: {error}")))?;
    let result = runtime.block_on(run(bot, plan));
    // A sync handler that hangs cannot be stopped; it was named, and must not keep the program.
    runtime.shutdown_background();
    result
}

pub(crate) fn outside_of_a_runtime() -> Result<()> {
    match runtime::Handle::try_current() {
        Err(_) => Ok(()),
        Ok(_) => Err(Error::config(
            "`smalld::run!` blocks and starts a runtime of its own, but there is one already: \
             in async code write `SmallD::builder().run().await` (options are methods of the builder)",
        )),
    }
}

pub(super) async fn run(bot: &SmallD, plan: &Plan) -> Result<()> {
    let _running = bot.begin()?;
    preflight::check(bot, plan)?;
    let _sessions = ReleaseOnDrop(plan.sessions.as_ref());
    let mut signals = Signals::new();
    let start = tokio::select! {
        biased;
        () = closed(bot) => return Ok(()),
        () = signals.next() => return Ok(()),
        start = preflight::prepare(bot, plan) => start?,
    };
    let dispatcher = Dispatcher::new(bot.clone(), &plan.handlers);
    let _nothing_left = AbandonOnDrop(dispatcher.clone());
    tokio::select! {
        () = dispatcher.begin(&plan.handlers) => {}
        () = closed(bot) => {}
        () = signals.next() => bot.close(),
    }
    let Fleet {
        mut gateways,
        mut reading,
        saving,
    } = tokio::select! {
        biased;
        () = closed(bot) => Fleet::none(),
        () = signals.next() => Fleet::none(),
        fleet = launch(bot, plan, &dispatcher, start) => fleet?,
    };
    let ended = tokio::select! {
        ended = first_to_fail(&mut gateways) => ended,
        () = closed(bot) => Ok(()),
        () = signals.next() => Ok(()),
    };
    bot.close();
    finish(plan, &dispatcher, &mut reading, &mut signals).await;
    if let Some(saving) = &saving {
        saving.stopped();
    }
    bot.inner().shutdown.send_replace(ShutdownPhase::Closing);
    let closing = timeout(CLOSE_TIMEOUT, first_to_fail(&mut gateways)).await;
    if let Some(saving) = saving {
        match saving.finish().await {
            Ok(()) => {
                tracing::info!(target: "smalld", "stopped; the sessions are saved for the next start");
            }
            Err(why) => tracing::warn!(target: "smalld", "stopped, but {why}"),
        }
    } else {
        tracing::info!(target: "smalld", "stopped");
    }
    ended
        .and(closing.unwrap_or(Ok(())))
        .map_err(|error| error.explained(DISALLOWED_INTENTS, || preflight::who_needs(plan)))
}

/// Waits until a shard cannot go on, or all have been closed.
async fn first_to_fail(gateways: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = gateways.join_next().await {
        outcome(ended)?;
    }
    Ok(())
}

async fn closed(bot: &SmallD) {
    // The sender is the bot's own, so waiting cannot fail.
    let _ = bot
        .inner()
        .shutdown
        .subscribe()
        .wait_for(|&shutdown| shutdown > ShutdownPhase::Running)
        .await;
}

/// Lets the handlers that run finish, unless it takes too long or somebody is impatient.
async fn finish(
    plan: &Plan,
    dispatcher: &Dispatcher,
    reading: &mut mpsc::Receiver<Infallible>,
    signals: &mut Signals,
) {
    let patience = plan.shutdown_timeout;
    let tell = || {
        let waits = !dispatcher.unfinished().is_empty();
        if waits {
            tracing::info!(target: "smalld", "stopping: handlers may finish within {patience:?}; a second signal stops at once");
        }
        waits
    };
    let finishing = async {
        let told = tell();
        // What was read last may be on its way to a handler, be it the one that has closed the bot.
        let _ = reading.recv().await;
        if !told {
            tell();
        }
        dispatcher.idle().await;
    };
    tokio::select! {
        _ = timeout(patience, finishing) => {}
        () = signals.next() => {}
    }
    for handler in dispatcher.unfinished() {
        tracing::warn!(target: "smalld", "abandoned: handler {handler} has not finished");
    }
}

fn outcome(ended: Result<Result<()>, JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| {
        Err(Error::gateway(format!(
            "the gateway's task failed, which is a fault in smalld: {error}"
        )))
    })
}

/// Neither the end of `run` nor dropping it in the middle leaves a handler behind, but for those
/// that block a thread.
struct AbandonOnDrop(Dispatcher);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// However `run` ends, another process, or a second run in this one, need not wait for the sessions.
struct ReleaseOnDrop<'b>(Option<&'b Sessions>);

impl Drop for ReleaseOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(sessions) = self.0 {
            sessions.release();
        }
    }
}
