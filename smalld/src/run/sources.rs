//! Tasks of the sources of events other than the gateway.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::event::sink::Sink;
use crate::event::source::AnySource;
use crate::run::runtimes::Runtimes;
use crate::unwind;

/// Starts a task for each source, which holds `delivering` until the source has returned.
pub(super) fn start(
    sources: Vec<AnySource>,
    sink: &Sink,
    runtimes: &Runtimes,
    tasks: &mut JoinSet<Result<()>>,
    delivering: &mpsc::Sender<Infallible>,
) {
    for source in sources {
        let (sink, delivering) = (sink.clone(), delivering.clone());
        let task = async move {
            let _delivering = delivering;
            run(source, sink).await
        };
        tasks.spawn_on(task, runtimes.workers());
    }
}

async fn run(source: AnySource, sink: Sink) -> Result<()> {
    let AnySource { name, run, .. } = source;
    let running = AssertUnwindSafe(async move { run(sink).await });
    match running.catch_unwind().await {
        Ok(ended) => ended.map_err(|error| {
            Error::source(format!("the source of events `{name}` failed"), Some(error))
        }),
        Err(panic) => {
            unwind::discard(panic);
            Err(Error::source(
                format!(
                    "the source of events `{name}` panicked; see the panic message above, on stderr"
                ),
                None,
            ))
        }
    }
}
