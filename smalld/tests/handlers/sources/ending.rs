//! The acknowledgement of an event: when it is called, and with which ending.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::time::Duration;

use super::*;
use crate::support::{Log, until};
use smalld::State;
use smalld::handler::On;
use tokio::sync::Semaphore;
use tokio::time::Instant;

mod annotated {
    use super::*;

    #[smalld::on("RETURNS")]
    async fn returns() {}

    #[smalld::on("FAILS")]
    async fn fails() -> Result<(), String> {
        Err("on purpose".to_owned())
    }

    #[smalld::on("PANICS")]
    async fn panics() {
        panic!("on purpose");
    }

    #[smalld::on("MISFITS")]
    async fn does_not_fit(_: Vec<u8>) {}

    #[smalld::on("RETURNS_SYNC")]
    fn returns_sync() {}

    #[smalld::on("FAILS_SYNC")]
    fn fails_sync() -> Result<(), String> {
        Err("on purpose".to_owned())
    }

    #[smalld::on("PANICS_SYNC")]
    fn panics_sync() {
        panic!("on purpose");
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

mod blocking {
    use super::*;

    /// The thread ends when the test sends something.
    pub(super) type Go = Mutex<std_mpsc::Receiver<()>>;

    #[smalld::on("BLOCKS")]
    fn blocks(State(go): State<Go>) {
        let _ = go.lock().unwrap().recv();
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ended_in_any_way_has_handled_the_event() {
    let running = Running::start(annotated::handlers()).await;
    for name in [
        "RETURNS",
        "FAILS",
        "PANICS",
        "MISFITS",
        "RETURNS_SYNC",
        "FAILS_SYNC",
        "PANICS_SYNC",
        "WANTED_BY_NOBODY",
    ] {
        let (delivery, mut reports) = reported(name, "{}");
        running.sink.deliver(delivery).await;
        assert_eq!(reports.ending().await, Ending::Handled, "{name}");
    }
    running.close().await;
}

#[tokio::test]
async fn an_event_is_acknowledged_only_when_its_last_handler_has_ended() {
    let permits = [(); 2].map(|()| Arc::new(Semaphore::new(0)));
    let waits = |permits: &Arc<Semaphore>| {
        let permits = Arc::clone(permits);
        move |_, _| {
            let permits = Arc::clone(&permits);
            async move {
                permits.acquire().await.unwrap().forget();
            }
        }
    };
    let (go, waits_for_go) = std_mpsc::channel();
    let handlers = Handlers::new()
        .on("BLOCKS", |_, _| async {})
        .on("BLOCKS", waits(&permits[0]))
        .merge(blocking::handlers())
        .on("BLOCKS", waits(&permits[1]));
    let state: blocking::Go = Mutex::new(waits_for_go);
    let running = Running::start_with(alone(handlers).state(state)).await;
    let end = [
        &|| permits[0].add_permits(1),
        &|| go.send(()).unwrap(),
        &|| permits[1].add_permits(1),
    ] as [&dyn Fn(); 3];
    let before = tasks();
    for last in 0..end.len() {
        let (delivery, mut reports) = reported("BLOCKS", "1");
        assert!(until(|| tasks() == before).await);
        running.sink.deliver(delivery).await;
        assert_eq!(tasks(), before + 3);
        for (_, end) in end.iter().enumerate().filter(|&(it, _)| it != last) {
            assert!(reports.is_empty());
            end();
        }
        assert!(until(|| tasks() == before + 1).await);
        assert!(reports.is_empty());
        end[last]();
        assert_eq!(reports.ending().await, Ending::Handled);
    }
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_handler_belongs_to_the_event() {
    let handlers = Handlers::new()
        .on("FAILS", |_, _| async { Err("on purpose") })
        .on_error(|_, _| tokio::time::sleep(Duration::from_secs(5)));
    let running = Running::start(handlers).await;
    let (delivery, mut reports) = reported("FAILS", "{}");
    let begin = Instant::now();
    running.sink.deliver(delivery).await;
    assert_eq!(reports.ending().await, Ending::Handled);
    assert_eq!(begin.elapsed().as_secs(), 5);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_is_in_progress_every_ten_seconds() {
    let handlers = Handlers::new().on("SLOW", |_, _| tokio::time::sleep(Duration::from_secs(35)));
    let running = Running::start(handlers).await;
    let begin = Instant::now();
    let (delivery, mut reports) = reported("SLOW", "{}");
    running.sink.deliver(delivery).await;
    for (report, at) in [
        (Report::InProgress, 10),
        (Report::InProgress, 20),
        (Report::InProgress, 30),
        (Report::Ended(Ending::Handled), 35),
    ] {
        assert_eq!(
            (reports.next().await, begin.elapsed().as_secs()),
            (report, at)
        );
    }
    running.close().await;
}

/// How many slow runs one handler may have.
const MAX_SLOW: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn the_worst_ending_of_all_handlers_is_reported() {
    let hangs = On::any_event(["HANG", "HANG_AND_END", "HANG_AND_LAST"]);
    let handlers = Handlers::new()
        .on(hangs, |_, _| std::future::pending::<()>())
        .on("HANG_AND_END", |_, _| async {})
        .on("HANG_AND_LAST", |_, _| std::future::pending::<()>())
        .on("END_AND_LAST", |_, _| std::future::pending::<()>())
        .on("END_AND_LAST", |_, _| async {});
    let running = Running::start(handlers).await;
    // Until it has too many slow runs.
    for _ in 0..MAX_SLOW {
        running.sink.deliver(Delivery::event("HANG", "{}")).await;
    }
    tokio::time::sleep(Duration::from_secs(11)).await;
    let (alone, mut refused) = reported("HANG", "{}");
    let (beside, mut refused_too) = reported("HANG_AND_END", "{}");
    let (lasting, mut abandoned) = reported("HANG_AND_LAST", "{}");
    let (lasting_too, mut abandoned_too) = reported("END_AND_LAST", "{}");
    for delivery in [alone, beside, lasting, lasting_too] {
        running.sink.deliver(delivery).await;
    }
    assert_eq!(refused.ending().await, Ending::Refused);
    assert_eq!(refused_too.ending().await, Ending::Refused);
    assert!(abandoned.is_empty() && abandoned_too.is_empty());
    running.close().await;
    assert_eq!(abandoned.ending().await, Ending::Abandoned);
    assert_eq!(abandoned_too.ending().await, Ending::Abandoned);
}

/// How many handlers may run at once.
const MAX_RUNNING: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn at_the_bound_deliver_waits_and_dropping_it_abandons_the_event() {
    let permits = Arc::new(Semaphore::new(0));
    let (waits, started) = (Arc::clone(&permits), Arc::new(AtomicUsize::new(0)));
    let starts = Arc::clone(&started);
    let handlers = Handlers::new()
        .on("WAIT", move |_, _| {
            let permits = Arc::clone(&waits);
            async move {
                permits.acquire().await.unwrap().forget();
            }
        })
        .on("START", move |_, _| {
            starts.fetch_add(1, Ordering::Relaxed);
            async {}
        });
    let running = Running::start(handlers).await;
    let sink = &running.sink;
    for _ in 0..MAX_RUNNING {
        let waits = pin!(sink.deliver(Delivery::event("WAIT", "{}")));
        assert!(!is_pending(waits).await);
    }
    let (delivery, mut dropped) = reported("START", "{}");
    assert!(is_pending(Box::pin(sink.deliver(delivery))).await);
    assert_eq!(dropped.ending().await, Ending::Abandoned);
    let (delivery, mut delivered) = reported("START", "{}");
    let mut waits = Box::pin(sink.deliver(delivery));
    assert!(is_pending(&mut waits).await);
    assert!(delivered.is_empty());
    assert_eq!(started.load(Ordering::Relaxed), 0);
    permits.add_permits(1);
    waits.await;
    assert_eq!(delivered.ending().await, Ending::Handled);
    assert_eq!(started.load(Ordering::Relaxed), 1);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_waits_for_a_place_is_in_progress() {
    let handlers = Handlers::new()
        .on("LAST", |_, _| tokio::time::sleep(Duration::from_secs(9)))
        .on(On::event("ORDERED").ordered(), |_, _| {
            tokio::time::sleep(Duration::from_secs(25))
        });
    let running = Running::start(handlers).await;
    let sink = &running.sink;
    let begin = Instant::now();
    let d = r#"{"guild_id":"1"}"#;
    sink.deliver(Delivery::event("ORDERED", d)).await;
    let (waits_for_its_turn, mut reports) = reported("ORDERED", d);
    sink.deliver(waits_for_its_turn).await;
    for (report, at) in [
        (Report::InProgress, 10),
        (Report::InProgress, 20),
        (Report::InProgress, 35),
        (Report::InProgress, 45),
        (Report::Ended(Ending::Handled), 50),
    ] {
        assert_eq!(
            (reports.next().await, begin.elapsed().as_secs()),
            (report, at)
        );
    }
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_no_sink_took_is_abandoned() {
    let running = Running::start(annotated::handlers()).await;
    let (delivery, mut reports) = reported("RETURNS", "{}");
    drop(delivery);
    assert_eq!(reports.ending().await, Ending::Abandoned);
    // As a branch of `select!` that is not polled.
    let (delivery, mut reports) = reported("RETURNS", "{}");
    drop(running.sink.deliver(delivery));
    assert_eq!(reports.ending().await, Ending::Abandoned);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_acknowledgement_panics_affects_nothing_else() {
    struct Panics;

    impl Acknowledge for Panics {
        fn acknowledge(&self, _: Ending) {
            panic!("on purpose");
        }
    }

    let log = Log::capture();
    let running = Running::start(annotated::handlers()).await;
    let delivery = Delivery::event("RETURNS", "{}").acknowledge(Panics);
    running.sink.deliver(delivery).await;
    assert_eq!(log.lines("implementation of a source panicked").len(), 1);
    let (delivery, mut reports) = reported("RETURNS", "{}");
    running.sink.deliver(delivery).await;
    assert_eq!(reports.ending().await, Ending::Handled);
    running.close().await;
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}
