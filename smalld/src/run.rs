//! Joins gateway, dispatch and shutdown; the only file that knows all three.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::bot::SmallD;
use crate::dispatch::Dispatcher;
use crate::error::{Error, Result};
use crate::gateway::{Gateway, Identity, Session, Stage};
use crate::signal::Signals;
use crate::startup::{self, Start};

/// Discord's close code for intents that the application has not been granted.
const DISALLOWED_INTENTS: u16 = 4014;
/// How long the connections may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) fn run_blocking(bot: &SmallD) -> Result<()> {
    outside_of_a_runtime()?;
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::config(format!("no runtime could be started: {error}")))?;
    let result = runtime.block_on(run(bot));
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

pub(crate) async fn run(bot: &SmallD) -> Result<()> {
    let _running = bot.begin()?;
    startup::check(bot)?;
    let mut signals = Signals::new();
    let start = tokio::select! {
        biased;
        () = closed(bot) => return Ok(()),
        () = signals.next() => return Ok(()),
        start = startup::prepare(bot) => start?,
    };
    let dispatcher = Dispatcher::new(bot.clone(), &bot.inner().handlers);
    tokio::select! {
        () = dispatcher.begin(&bot.inner().handlers, &bot.inner().shard) => {}
        () = closed(bot) => {}
        () = signals.next() => bot.close(),
    }
    let gateway = gateway(bot, dispatcher.clone(), start);
    let mut gateway = AbortOnDrop(tokio::spawn(gateway.run()));
    let result = tokio::select! {
        ended = &mut gateway.0 => Some(ended),
        () = closed(bot) => None,
        () = signals.next() => None,
    };
    bot.close();
    finish(bot, &dispatcher, &mut signals).await;
    bot.inner().stage.send_replace(Stage::Closing);
    match result {
        Some(ended) => outcome(ended)
            .map_err(|error| error.explained(DISALLOWED_INTENTS, || startup::who_needs(bot))),
        None => timeout(CLOSE_TIMEOUT, &mut gateway.0)
            .await
            .map_or(Ok(()), outcome),
    }
}

async fn closed(bot: &SmallD) {
    // The sender is the bot's own, so waiting cannot fail.
    let _ = bot
        .inner()
        .stage
        .subscribe()
        .wait_for(|&stage| stage > Stage::Running)
        .await;
}

fn gateway(bot: &SmallD, dispatcher: Dispatcher, start: Start) -> Gateway {
    let inner = bot.inner();
    let shard = inner.shard.clone();
    let identity = Identity {
        token: inner.settings.token.clone(),
        intents: start.intents,
        shard: (shard.id(), shard.count()),
        extra: inner.settings.identify.clone(),
    };
    let of_bot = bot.clone();
    Gateway {
        shard,
        session: Session::new(identity),
        ready_since: None,
        url: start.gateway_url,
        connect: inner.settings.connect.clone(),
        dispatcher,
        stage: inner.stage.subscribe(),
        on_ready: Arc::new(move |id| drop(of_bot.inner().id.set(id.into()))),
    }
}

/// Lets the handlers that run finish, unless it takes too long or somebody is impatient.
async fn finish(bot: &SmallD, dispatcher: &Dispatcher, signals: &mut Signals) {
    let patience = bot.inner().settings.shutdown_timeout;
    if dispatcher.unfinished().is_empty() {
        return;
    }
    tracing::info!(target: "smalld", "stopping: handlers may finish within {patience:?}; a second signal stops at once");
    tokio::select! {
        _ = timeout(patience, dispatcher.idle()) => {}
        () = signals.next() => {}
    }
    for handler in dispatcher.unfinished() {
        tracing::warn!(target: "smalld", "abandoned: handler {handler} has not finished");
    }
}

fn outcome(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| {
        Err(Error::gateway(format!(
            "the gateway's task failed, which is a fault in smalld: {error}"
        )))
    })
}

/// Dropping `run` in the middle leaves no connection behind.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
