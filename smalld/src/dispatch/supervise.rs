//! Supervision of a run that became a task: it waits for its turn or a thread, is watched while it
//! runs, and is reported if it is slow.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::time::timeout;

use crate::dispatch::executor::{Caught, Inner, Job, Place, caught};
use crate::dispatch::handler::Counted;
use crate::dispatch::handler_error::subject;
use crate::dispatch::ordered::{InTurn, Turn};
use crate::dispatch::outcome::Failure;
use crate::dispatch::polled::{Watched, polling};
use crate::dispatch::progress::{PROGRESS_INTERVAL, while_waiting};
use crate::dispatch::threads::Thread;
use crate::dispatch::trigger::{BlockingCall, Run, Work};

impl Inner {
    /// Waits for what the run needs first: its turn, and a thread if it may block.
    pub(super) async fn wait_and_run(
        self: Arc<Self>,
        job: Job,
        work: Work,
        turn: Option<Turn>,
        place: Place,
    ) {
        let (turn, place) = match turn {
            None => (None, Some(place)),
            Some(Turn::Now(turn)) => (Some(turn), Some(place)),
            Some(Turn::Later(turn)) => {
                // A waiting run gives its place to others, because the run whose turn it is may
                // need one.
                if let Ok(_queued) = Arc::clone(&self.queued).try_acquire_owned() {
                    drop(place);
                    let Ok(turn) = while_waiting(&job.claim, turn).await else {
                        return;
                    };
                    (Some(turn), None)
                } else {
                    self.reports.warn(&format!(
                        "too many events wait for `ordered` handlers: further events of handler {} run without order",
                        job.handler
                    ));
                    (None, Some(place))
                }
            }
        };
        let place = if let Some(place) = place {
            place
        } else {
            let free = Arc::clone(&self.places).acquire_owned();
            let Ok(place) = while_waiting(&job.claim, free).await else {
                return;
            };
            place
        };
        let run = match work {
            Work::Async(run) => run,
            Work::Blocking(call) => {
                let thread = self.threads.acquire(&job.handler);
                match while_waiting(&job.claim, thread).await {
                    Some(thread) => on_thread(call, thread),
                    None => return self.refuse(job),
                }
            }
        };
        let run = caught(run, &job);
        self.supervise(job, run, place, turn).await;
    }

    /// Polls a run to its end. After some time it is slow: it is logged, gives its place back and
    /// counts against another limit.
    pub(super) async fn supervise(
        self: Arc<Self>,
        job: Job,
        run: Caught,
        place: Place,
        turn: Option<InTurn>,
    ) {
        let id = job.handler.id;
        let mut run = Watched::new(run, id);
        let ended = if let Ok(ended) = timeout(PROGRESS_INTERVAL, &mut run).await {
            ended
        } else {
            drop(place);
            let _slow = Counted::new(&job.handler, |handler| &handler.slow);
            let _thread = job.handler.is_blocking().then(|| self.threads.slow());
            self.became_slow(&job);
            while_waiting(&job.claim, &mut run).await
        };
        drop(run);
        {
            // Errors and acknowledgements are user code, too.
            let _watched = polling(id);
            self.ended(job, ended);
        }
        drop(turn);
    }

    fn became_slow(&self, job: &Job) {
        job.claim.in_progress();
        let (handler, event) = (&job.handler, subject(job.payload.as_ref()));
        self.reports.warn(&format!(
            "handler {handler} has been handling {event} for {} s; it continues, but no longer counts towards the limit of running handlers",
            PROGRESS_INTERVAL.as_secs()
        ));
        if self.is_saturated(handler) {
            self.threads.saturated(handler);
        }
    }
}

/// Runs a handler that may block on a thread of its own.
fn on_thread(call: BlockingCall, thread: Thread) -> Run {
    Box::pin(async move {
        let running = tokio::task::spawn_blocking(move || {
            // Held by the thread itself, which continues even if the run is abandoned.
            let _thread = thread;
            call()
        });
        match running.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(Failure::NotStarted),
            },
        }
    })
}
