//! Shutdown of a bot, as its sources see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::support::until;
use tokio::time::Instant;

/// How much longer than `shutdown_timeout` a source may last.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_when_the_bot_stops_does_not_delay_the_stop() {
    let running = Running::start(Handlers::new()).await;
    let begin = Instant::now();
    running.close().await;
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ignores_the_stop_is_dropped() {
    struct Dropped(oneshot::Sender<()>);

    let (dropped, is_dropped) = oneshot::channel();
    let guard = Dropped(dropped);
    let (started, is_started) = oneshot::channel();
    let stays = source(async move |_: Sink| {
        let _guard = guard.0;
        let _ = started.send(());
        std::future::pending().await
    });
    let bot = alone(Handlers::new())
        .shutdown_timeout(Duration::from_secs(20))
        .source(stays)
        .build()
        .unwrap();
    let task = run(&bot);
    is_started.await.unwrap();
    let begin = Instant::now();
    bot.close();
    task.await.unwrap().unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(20) + CLOSE_TIMEOUT);
    assert!(timeout(TIMEOUT, is_dropped).await.unwrap().is_err());
}

/// A source that lasts until each of its events has been acknowledged learns how they ended, also of
/// those that take too long.
#[tokio::test(start_paused = true)]
async fn a_source_learns_of_abandoned_events_before_it_is_dropped() {
    let handlers = Handlers::new()
        .on("SHORT", |_, _| tokio::time::sleep(Duration::from_secs(4)))
        .on("LONG", |_, _| std::future::pending::<()>());
    let (endings, mut ended_with) = mpsc::unbounded_channel();
    let (started, is_started) = oneshot::channel();
    let drains = source(async move |sink: Sink| {
        let (sender, mut report) = mpsc::unbounded_channel();
        for name in ["SHORT", "LONG"] {
            let delivery = Delivery::event(name, "{}").acknowledge(ReportSender(sender.clone()));
            sink.deliver(delivery).await;
        }
        let _ = started.send(());
        sink.closed().await;
        // From now on, only events that have not ended hold senders.
        drop(sender);
        while let Some(report) = report.recv().await {
            let _ = endings.send((Instant::now(), report));
        }
        Ok(())
    });
    let bot = alone(handlers)
        .shutdown_timeout(Duration::from_secs(6))
        .source(drains)
        .build()
        .unwrap();
    let task = run(&bot);
    is_started.await.unwrap();
    let begin = Instant::now();
    bot.close();
    task.await.unwrap().unwrap();
    assert_eq!(begin.elapsed().as_secs(), 6, "nothing is left to wait for");
    for expected in [(4, Ending::Handled), (6, Ending::Abandoned)] {
        let (at, report) = ended_with.recv().await.unwrap();
        let report = ((at - begin).as_secs(), report);
        assert_eq!(report, (expected.0, Report::Ended(expected.1)));
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_stop_no_handler_is_started() {
    let count = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&count);
    let handlers = Handlers::new().on("EVENT", move |_, _| {
        counts.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    let running = Running::start(handlers).await;
    let sink = running.sink.clone();
    sink.deliver(Delivery::event("EVENT", "{}")).await;
    running.close().await;
    let (delivery, mut reports) = reported("EVENT", "{}");
    sink.deliver(delivery).await;
    assert_eq!(reports.ending().await, Ending::Abandoned);
    assert_eq!(count.load(Ordering::Relaxed), 1);
    timeout(TIMEOUT, sink.closed()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_dropped_while_it_runs_drops_its_sources_and_abandons_their_events() {
    let handlers = Handlers::new().on("LONG", |_, _| std::future::pending::<()>());
    let running = Running::start(handlers).await;
    let (delivery, mut reports) = reported("LONG", "{}");
    running.sink.deliver(delivery).await;
    running.task.abort();
    assert_eq!(reports.ending().await, Ending::Abandoned);
    let tasks = tokio::runtime::Handle::current().metrics();
    assert!(until(|| tasks.num_alive_tasks() == 0).await);
}

/// A source that always has a next event lets other tasks run, even on one thread.
#[tokio::test]
async fn a_source_that_never_waits_does_not_starve_other_tasks() {
    let [flooding, is_over] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let (floods, over) = (Arc::clone(&flooding), Arc::clone(&is_over));
    let flood = source(async move |sink: Sink| {
        floods.store(true, Ordering::Relaxed);
        while !over.load(Ordering::Relaxed) {
            sink.deliver(Delivery::event("EVENT", "{}")).await;
        }
        Ok(())
    });
    let bot = alone(Handlers::new()).source(flood).build().unwrap();
    let task = run(&bot);
    assert!(until(|| flooding.load(Ordering::Relaxed)).await);
    is_over.store(true, Ordering::Relaxed);
    ended(task).await.unwrap();
}
