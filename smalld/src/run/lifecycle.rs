//! Lifecycle of a bot: from the first request to the last log line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::bot::{RunFuture, Runner, SmallD};
use crate::dispatch::{Dispatcher, Polled};
use crate::error::{Error, Result};
use crate::event::sink::Sink;
use crate::gateway::checkpoint::saver::SaverGuard;
use crate::gateway::checkpoint::sessions::Sessions;
use crate::run::file_descriptors;
use crate::run::plan::Plan;
use crate::run::preflight::{self, Start};
use crate::run::runtimes::{OwnRuntimes, Runtimes};
use crate::run::shards::{self, LaunchContext};
use crate::run::signals::Signals;
use crate::run::startup_log;
use crate::run::{sources, watchdog};
use crate::shutdown::ShutdownPhase;

/// Close code for intents that the application has not been granted.
const DISALLOWED_INTENTS: u16 = 4014;
/// How long the connections may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the connections may take to close after a second signal.
const IMPATIENT_CLOSE_TIMEOUT: Duration = Duration::from_millis(250);
/// Default number of threads for handlers that may block: on a runtime of our own, whose blocking pool
/// is larger, and on the program's runtime.
const OWN_BLOCKING_THREADS: usize = 256;
const SHARED_BLOCKING_THREADS: usize = 64;

impl Runner for Plan {
    fn run(self: Arc<Self>, bot: SmallD) -> RunFuture {
        Box::pin(run(bot, self))
    }

    fn run_blocking(self: Arc<Self>, bot: SmallD) -> Result<()> {
        run_blocking(bot, self)
    }
}

/// Runs on the runtime of the caller. Signals are left to the program, unless an option says otherwise.
async fn run(bot: SmallD, plan: Arc<Plan>) -> Result<()> {
    let signals = match plan.signals {
        Some(true) => Signals::listen(),
        Some(false) | None => Signals::ignore(),
    };
    let blocking_threads = plan.blocking_threads.unwrap_or(SHARED_BLOCKING_THREADS);
    let run = BotRun {
        bot,
        plan,
        runtimes: Runtimes::current(),
        blocking_threads,
        signals,
        polled: Polled::default(),
    };
    run.run().await
}

/// Runs on runtimes of its own. The calling thread becomes the control thread.
fn run_blocking(bot: SmallD, plan: Arc<Plan>) -> Result<()> {
    outside_of_a_runtime()?;
    file_descriptors::check()?;
    let blocking_threads = plan.blocking_threads.unwrap_or(OWN_BLOCKING_THREADS);
    let polled = Polled::default();
    let own = OwnRuntimes::start(&polled, blocking_threads)?;
    let runtimes = own.handles();
    own.block_on(async move {
        let watchdog = watchdog::watch(
            polled.clone(),
            runtimes.workers().clone(),
            plan.handlers.clone(),
        );
        let signals = match plan.signals {
            Some(false) => Signals::ignore(),
            Some(true) | None => Signals::listen(),
        };
        let run = BotRun {
            bot,
            plan,
            runtimes,
            blocking_threads,
            signals,
            polled,
        };
        tokio::select! {
            biased;
            ended = run.run() => ended,
            () = watchdog => Ok(()),
        }
    })
}

pub(crate) fn outside_of_a_runtime() -> Result<()> {
    match runtime::Handle::try_current() {
        Err(_) => Ok(()),
        Ok(_) => Err(Error::config(
            "`smalld::run!` blocks and starts a runtime of its own, but this code already runs in a runtime: \
             in async code write `SmallD::builder().run().await` (options are methods of the builder)",
        )),
    }
}

/// One run of a bot.
struct BotRun {
    bot: SmallD,
    plan: Arc<Plan>,
    runtimes: Runtimes,
    blocking_threads: usize,
    signals: Signals,
    /// What the workers are polling. Always empty on the caller's runtime.
    polled: Polled,
}

/// The tasks of shards and sources.
struct Running {
    tasks: JoinSet<Result<()>>,
    /// Closed when no more events will be delivered.
    delivering: mpsc::Receiver<Infallible>,
    saver: Option<SaverGuard>,
}

impl BotRun {
    async fn run(mut self) -> Result<()> {
        let _running = self.bot.begin()?;
        preflight::check(&self.bot, &self.plan)?;
        self.plan.check_sources()?;
        let plan = Arc::clone(&self.plan);
        let _sessions = ReleaseOnDrop(plan.sessions.as_ref());
        let prepare = preflight::prepare(self.bot.clone(), Arc::clone(&self.plan));
        let runtimes = self.runtimes.clone();
        let start = tokio::select! {
            biased;
            () = self.stopped() => return Ok(()),
            start = runtimes.on_workers(prepare) => start?,
        };
        let dispatcher = Dispatcher::new(
            self.bot.clone(),
            &self.plan.handlers,
            self.blocking_threads,
            self.runtimes.control().cloned(),
        );
        let _nothing_left = AbandonOnDrop(dispatcher.clone());
        let handlers = dispatcher.clone();
        tokio::select! {
            () = runtimes.on_workers(async move { handlers.begin().await }) => {}
            () = self.stopped() => self.bot.close(),
        }
        let sink = Sink::new(
            Arc::new(dispatcher.clone()),
            self.bot.inner().shutdown.subscribe(),
            self.runtimes.workers().clone(),
        );
        let mut running = self.launch(start, &sink).await?;
        let ended = tokio::select! {
            ended = first_to_fail(&mut running.tasks) => ended,
            () = self.stopped() => Ok(()),
        };
        self.bot.close();
        let patient = self.finish(&dispatcher, &mut running.delivering).await;
        // Sources are told while they can still pass it on.
        dispatcher.abandon();
        let closed = self.close(running, patient).await;
        ended.and(closed).map_err(|error| {
            error.explained(DISALLOWED_INTENTS, || startup_log::who_needs(&self.plan))
        })
    }

    /// Waits until the bot is closed or a signal stops it.
    async fn stopped(&mut self) {
        tokio::select! {
            biased;
            () = closed(&self.bot) => {}
            () = self.signals.next() => {}
        }
    }

    async fn launch(&mut self, start: Start, sink: &Sink) -> Result<Running> {
        let (holds, delivering) = mpsc::channel(1);
        let mut running = Running {
            tasks: JoinSet::new(),
            delivering,
            saver: None,
        };
        if self.bot.is_closed() {
            return Ok(running);
        }
        if let Some(gateway) = start.gateway {
            let (bot, plan) = (self.bot.clone(), Arc::clone(&self.plan));
            let runtimes = self.runtimes.clone();
            let context = LaunchContext {
                bot: &bot,
                plan: &plan,
                runtimes: &runtimes,
                sink,
                delivering: &holds,
            };
            let launched = tokio::select! {
                biased;
                () = self.stopped() => return Ok(running),
                launched = shards::launch(context, gateway, start.intents) => launched?,
            };
            (running.tasks, running.saver) = launched;
        }
        // Taken only now: if anything failed before, the bot can run again.
        let sources = self.plan.take_sources()?;
        sources::start(sources, sink, &self.runtimes, &mut running.tasks, &holds);
        Ok(running)
    }

    /// Waits for running handlers until the shutdown timeout or a second signal. Returns false after a
    /// second signal.
    async fn finish(
        &mut self,
        dispatcher: &Dispatcher,
        delivering: &mut mpsc::Receiver<Infallible>,
    ) -> bool {
        let patience = self.plan.shutdown_timeout;
        let log = || {
            let waits = !dispatcher.unfinished(&self.polled).is_empty();
            if waits {
                tracing::info!(target: "smalld", "stopping: handlers may finish within {patience:?}; a second signal stops at once");
            }
            waits
        };
        let finishing = async {
            let logged = log();
            // The last event may not have reached its handlers yet.
            let _ = delivering.recv().await;
            if !logged {
                log();
            }
            dispatcher.idle().await;
        };
        let patient = tokio::select! {
            _ = timeout(patience, finishing) => true,
            () = self.signals.next() => false,
        };
        for handler in dispatcher.unfinished(&self.polled) {
            tracing::warn!(target: "smalld", "abandoned: handler {handler} has not finished");
        }
        patient
    }

    async fn close(&mut self, mut running: Running, patient: bool) -> Result<()> {
        if let Some(saver) = &running.saver {
            saver.stopped();
        }
        self.bot
            .inner()
            .shutdown
            .send_replace(ShutdownPhase::Closing);
        let limit = if patient {
            CLOSE_TIMEOUT
        } else {
            IMPATIENT_CLOSE_TIMEOUT
        };
        let closing = tokio::select! {
            closing = timeout(limit, first_to_fail(&mut running.tasks)) => closing.ok(),
            () = self.signals.next() => None,
        };
        match running.saver {
            None => tracing::info!(target: "smalld", "stopped"),
            Some(saver) => {
                let result = tokio::select! {
                    result = saver.finish() => result,
                    () = self.signals.next() => Err("a second signal came before the sessions were saved".to_owned()),
                };
                match result {
                    Ok(()) => {
                        tracing::info!(target: "smalld", "stopped; the sessions are saved for the next start");
                    }
                    Err(why) => tracing::warn!(target: "smalld", "stopped, but {why}"),
                }
            }
        }
        closing.unwrap_or(Ok(()))
    }
}

/// Waits until a shard or source fails, or all have ended.
async fn first_to_fail(tasks: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = tasks.join_next().await {
        result(ended)?;
    }
    Ok(())
}

async fn closed(bot: &SmallD) {
    let mut shutdown = bot.inner().shutdown.subscribe();
    // The bot owns the sender, so this does not fail.
    let _ = shutdown
        .wait_for(|&phase| phase > ShutdownPhase::Running)
        .await;
}

fn result(ended: Result<Result<()>, JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| {
        Err(Error::gateway(format!(
            "the task of a shard or source failed, which is a bug in smalld: {error}"
        )))
    })
}

/// Drops running handlers when `run` returns or is dropped. Handlers that block a thread cannot be
/// dropped.
struct AbandonOnDrop(Dispatcher);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// Releases the sessions when `run` returns or is dropped, so that another process, or another run in
/// this one, does not wait for them.
struct ReleaseOnDrop<'b>(Option<&'b Sessions>);

impl Drop for ReleaseOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(sessions) = self.0 {
            sessions.release();
        }
    }
}
