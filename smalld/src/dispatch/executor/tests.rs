//! Limits, acknowledgement, and failures that must not spread.

use std::borrow::Cow;
use std::sync::atomic::AtomicUsize;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;
use crate::dispatch::on::On;
use crate::dispatch::registration::Registration;
use crate::dispatch::trigger::{EventTrigger, Filter};
use crate::event::acknowledge::Acknowledge;
use crate::event::envelope::Envelope;

fn dispatcher(handlers: &Handlers) -> Dispatcher {
    dispatcher_with_threads(handlers, 8)
}

fn dispatcher_with_threads(handlers: &Handlers, blocking_threads: usize) -> Dispatcher {
    let bot = SmallD::builder()
        .token("a.b.c")
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    Dispatcher::new(bot, handlers, blocking_threads, None)
}

fn text(name: &str) -> String {
    format!(r#"{{"op":0,"t":"{name}","s":1,"d":{{"guild_id":"7"}}}}"#)
}

/// Delivers an event. Ready when all its handlers have been started.
async fn event(dispatcher: &Dispatcher, name: &str) {
    let text = text(name);
    let delivery = Delivery::new(Envelope::parse(&text).unwrap());
    if let Some(waiting) = dispatcher.receive(delivery).unwrap() {
        waiting.await.unwrap();
    }
}

/// What a source learned of one event.
#[derive(Clone, Default)]
struct Learned(Arc<Mutex<(Vec<Ending>, usize)>>);

impl Acknowledge for Learned {
    fn acknowledge(&self, ending: Ending) {
        self.0.lock().unwrap().0.push(ending);
    }

    fn in_progress(&self) {
        self.0.lock().unwrap().1 += 1;
    }
}

impl Learned {
    fn endings(&self) -> Vec<Ending> {
        self.0.lock().unwrap().0.clone()
    }

    fn progress(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

async fn acknowledged(dispatcher: &Dispatcher, name: &str) -> Learned {
    let (text, learned) = (text(name), Learned::default());
    let delivery = Delivery::payload(&text)
        .unwrap()
        .acknowledge(learned.clone());
    if let Some(waiting) = dispatcher.receive(delivery).unwrap() {
        waiting.await.unwrap();
    }
    learned
}

#[tokio::test(start_paused = true)]
async fn at_the_limit_an_event_waits_until_slow_runs_give_their_places_back() {
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let dispatcher = dispatcher(&handlers);
    for _ in 0..MAX_RUNNING {
        event(&dispatcher, "HANG").now_or_never().unwrap();
    }
    let start = Instant::now();
    event(&dispatcher, "HANG").await;
    assert_eq!(start.elapsed(), PROGRESS_INTERVAL);
    // An event that no handler wants needs no place.
    event(&dispatcher, "UNWANTED").now_or_never().unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_the_second_limit_only_events_of_the_handler_that_hangs_are_refused() {
    let answered = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&answered);
    let handlers = Handlers::new()
        .on("HANG", |_, _| std::future::pending::<()>())
        .on("FINE", move |_, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            async {}
        });
    let dispatcher = dispatcher(&handlers);
    for _ in 0..MAX_SLOW + MAX_RUNNING {
        event(&dispatcher, "HANG").await;
    }
    sleep(PROGRESS_INTERVAL * 2).await;
    let hanging = handlers.iter().next().unwrap();
    let slow = hanging.slow.load(Ordering::Relaxed);
    assert!(slow >= MAX_SLOW, "{slow}");
    let refused = acknowledged(&dispatcher, "HANG").now_or_never().unwrap();
    assert_eq!(refused.endings(), [Ending::Refused]);
    let handled = acknowledged(&dispatcher, "FINE").now_or_never().unwrap();
    assert_eq!(handled.endings(), [Ending::Handled]);
    assert_eq!(answered.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_handled_when_the_last_of_its_handlers_has_ended() {
    let after = |seconds| sleep(Duration::from_secs(seconds));
    let handlers = Handlers::new()
        .on("EVENT", |_, _| async {})
        .on("EVENT", move |_, _| after(3))
        .on("EVENT", move |_, _| async move {
            after(5).await;
            Err::<(), _>("a failed event counts as handled")
        });
    let dispatcher = dispatcher(&handlers);
    let start = Instant::now();
    let learned = acknowledged(&dispatcher, "EVENT").await;
    while learned.endings().is_empty() {
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(learned.endings(), [Ending::Handled]);
    let unwanted = acknowledged(&dispatcher, "UNWANTED").await;
    assert_eq!(unwanted.endings(), [Ending::Handled]);
}

#[tokio::test(start_paused = true)]
async fn a_source_learns_that_an_event_is_in_progress_and_was_abandoned() {
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let dispatcher = dispatcher(&handlers);
    let learned = acknowledged(&dispatcher, "HANG").await;
    sleep(PROGRESS_INTERVAL * 3 + Duration::from_secs(1)).await;
    assert_eq!((learned.progress(), learned.endings()), (3, vec![]));
    assert_eq!(dispatcher.unfinished(&Polled::default()).len(), 1);
    dispatcher.abandon();
    dispatcher.idle().await;
    assert_eq!(learned.endings(), [Ending::Abandoned]);
    let hanging = handlers.iter().next().unwrap();
    assert_eq!(hanging.slow.load(Ordering::Relaxed), 0);
    assert_eq!(hanging.running.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_delivery_is_dropped_at_the_limit_is_abandoned() {
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let dispatcher = dispatcher(&handlers);
    for _ in 0..MAX_RUNNING {
        event(&dispatcher, "HANG").await;
    }
    let (text, learned) = (text("HANG"), Learned::default());
    let delivery = Delivery::payload(&text)
        .unwrap()
        .acknowledge(learned.clone());
    let waiting = dispatcher.receive(delivery).unwrap();
    assert!(waiting.is_some() && learned.endings().is_empty());
    drop(waiting);
    assert_eq!(learned.endings(), [Ending::Abandoned]);
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_for_their_turn_are_not_slow_and_hold_no_places() {
    let handlers = Handlers::new()
        .on("FINE", |_, _| async {})
        .on(On::event("ORDERED").ordered(), |_, _| {
            std::future::pending::<()>()
        });
    let dispatcher = dispatcher(&handlers);
    for _ in 0..50 {
        event(&dispatcher, "ORDERED").now_or_never().unwrap();
    }
    sleep(PROGRESS_INTERVAL * 3).await;
    let ordered = handlers.iter().nth(1).unwrap();
    assert_eq!(
        ordered.slow.load(Ordering::Relaxed),
        1,
        "the one that has its turn"
    );
    assert_eq!(ordered.running.load(Ordering::Relaxed), 50);
    assert_eq!(dispatcher.0.places.available_permits(), MAX_RUNNING);
}

/// An error that panics wherever it can.
#[derive(Debug)]
struct Malicious;

impl std::fmt::Display for Malicious {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in Display")
    }
}

impl std::error::Error for Malicious {}

impl Drop for Malicious {
    fn drop(&mut self) {
        panic!("in Drop")
    }
}

fn panics() {
    std::panic::panic_any(Malicious)
}

#[tokio::test(start_paused = true)]
async fn values_of_users_that_panic_end_only_their_event() {
    let first_poll = Handlers::new()
        .on("RETURN", |_, _| async { Err::<(), _>(Malicious) })
        .on("PANIC", |_, _| async { panics() })
        .on("LATER", |_, _| async {
            sleep(Duration::from_secs(1)).await;
            Err::<(), _>(Malicious)
        })
        .on("LATER_PANIC", |_, _| async {
            sleep(Duration::from_secs(1)).await;
            panics();
        });
    let dispatcher = dispatcher(&first_poll);
    for name in ["RETURN", "PANIC", "LATER", "LATER_PANIC"] {
        let learned = acknowledged(&dispatcher, name).await;
        dispatcher.idle().await;
        assert_eq!(learned.endings(), [Ending::Handled], "{name}");
    }
}

/// A plain function for an event, as its attribute leaves it.
const fn blocking(
    event: &'static [Cow<'static, str>],
    call: fn(SmallD, Payload) -> Result<(), Failure>,
) -> Registration {
    Registration {
        name: "blocking",
        module: "tests",
        file: "tests.rs",
        line: 1,
        trigger: Trigger::Event(EventTrigger {
            filter: Filter {
                op: Some(0),
                t: Cow::Borrowed(event),
                fields: Cow::Borrowed(&[]),
                whole: false,
            },
            ordered: false,
            call: Call::Blocking(call),
        }),
        checks: &[],
    }
}

/// Runs of `HANG` end when this is true.
static RELEASED: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
static ANSWERED: AtomicUsize = AtomicUsize::new(0);

static HANG: Registration = blocking(&[Cow::Borrowed("HANG")], |_, _| {
    let (released, changed) = &RELEASED;
    drop(changed.wait_while(released.lock().unwrap(), |released| !*released));
    Ok(())
});
static FINE: Registration = blocking(&[Cow::Borrowed("FINE")], |_, _| {
    ANSWERED.fetch_add(1, Ordering::Relaxed);
    Ok(())
});

/// Waits on real time, because the threads of handlers do.
async fn until(mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(
            std::time::Instant::now() < deadline,
            "the condition was not met in time"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocking_handler_that_hangs_leaves_threads_to_others_and_is_refused_in_the_end() {
    let handlers = Handlers::of([&HANG, &FINE]);
    let dispatcher = dispatcher_with_threads(&handlers, 8);
    let mut learned = Vec::new();
    for _ in 0..64 {
        learned.push(acknowledged(&dispatcher, "HANG").await);
    }
    event(&dispatcher, "FINE").await;
    until(|| ANSWERED.load(Ordering::Relaxed) == 1).await;

    // tokio does not advance a paused clock while blocking threads run.
    let count = |ending| {
        let with = learned.iter().filter(|one| one.endings() == [ending]);
        with.count()
    };
    tokio::time::advance(PROGRESS_INTERVAL).await;
    until(|| count(Ending::Refused) == 62).await;
    let refused = acknowledged(&dispatcher, "HANG").await;
    assert_eq!(refused.endings(), [Ending::Refused]);
    *RELEASED.0.lock().unwrap() = true;
    RELEASED.1.notify_all();
    until(|| count(Ending::Handled) == 2).await;
    dispatcher.idle().await;
}

/// Delivers an event as Discord writes it, with this `d`.
fn deliver(dispatcher: &Dispatcher, d: &str) -> (Result<Option<Waiting>, String>, Learned) {
    let (text, learned) = (
        format!(r#"{{"t":"A","s":1,"op":0,"d":{d}}}"#),
        Learned::default(),
    );
    let delivery = Delivery::payload(&text)
        .unwrap()
        .acknowledge(learned.clone());
    (dispatcher.receive(delivery), learned)
}

#[tokio::test(start_paused = true)]
async fn a_malformed_event_is_the_sources_affair_if_a_handler_notices_at_once() {
    let ran = Arc::new(AtomicUsize::new(0));
    let (after, failed) = (Arc::clone(&ran), Arc::clone(&ran));
    let handlers = Handlers::new()
        .on("A", |_, payload| async move {
            payload.json::<crate::Json>().map(drop)
        })
        .on("A", move |_, _| {
            after.fetch_add(1, Ordering::Relaxed);
            async {}
        })
        .on_error(move |_, _| {
            failed.fetch_add(100, Ordering::Relaxed);
            async {}
        });
    let dispatcher = dispatcher(&handlers);
    let (received, learned) = deliver(&dispatcher, "{broken}");
    let why = received.err().unwrap();
    assert_eq!(why, "A: not a JSON object (at byte 27)");
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    assert_eq!(learned.endings(), [Ending::Handled]);
    // Members after `d` are unusual, but not malformed.
    let (received, _) = deliver(&dispatcher, r#"{"a":1},"x":{}"#);
    assert!(matches!(received, Ok(None)));
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_event_is_an_error_of_a_handler_that_notices_later() {
    let failed = Arc::new(Mutex::new(Vec::new()));
    let failures = Arc::clone(&failed);
    let handlers = Handlers::new()
        .on("A", |_, payload| async move {
            tokio::task::yield_now().await;
            payload.json::<crate::Json>().map(drop)
        })
        .on_error(move |_, error| {
            failures.lock().unwrap().push(error.to_string());
            async {}
        });
    let dispatcher = dispatcher(&handlers);
    let (received, learned) = deliver(&dispatcher, "{broken}");
    assert!(matches!(received, Ok(None)));
    dispatcher.idle().await;
    assert_eq!(learned.endings(), [Ending::Handled]);
    let failed = failed.lock().unwrap();
    assert!(
        failed.len() == 1 && failed[0].contains("key must be a string"),
        "{failed:?}"
    );
}

/// Whether a report ends with these words.
fn is_reported(dispatcher: &Dispatcher, words: &str) -> bool {
    let reports = dispatcher.0.reports.sentences();
    reports.iter().any(|report| report.ends_with(words))
}

#[tokio::test(start_paused = true)]
async fn an_error_handler_that_fails_does_not_hide_the_error_that_it_was_called_for() {
    let handlers = Handlers::new()
        .on("FAIL", |_, _| async { Err::<(), _>("the first error") })
        .on_error(|_, _| async { Err::<(), _>("the second error") });
    let dispatcher = dispatcher(&handlers);
    event(&dispatcher, "FAIL").await;
    for error in ["the first error", "the second error"] {
        assert!(is_reported(&dispatcher, error), "{error}");
    }
}

static REPORTS_RELEASED: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

static REPORT_HANGS: Registration = Registration {
    name: "report_hangs",
    module: "tests",
    file: "tests.rs",
    line: 1,
    checks: &[],
    trigger: Trigger::Error(Call::Blocking(|_, _| {
        let (released, changed) = &REPORTS_RELEASED;
        let is_held = |released: &mut bool| !*released;
        let limit = Duration::from_secs(60);
        drop(changed.wait_timeout_while(released.lock().unwrap(), limit, is_held));
        Ok(())
    })),
};

#[tokio::test(start_paused = true)]
async fn an_error_handler_that_is_refused_does_not_hide_the_error() {
    let number = AtomicUsize::new(0);
    let fails = Handlers::new().on("FAIL", move |_, _| {
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Err::<(), _>(format!("error number {number}")) }
    });
    let handlers = Handlers::of([&REPORT_HANGS]).merge(fails);
    let dispatcher = dispatcher_with_threads(&handlers, 1);
    for _ in 0..2 {
        event(&dispatcher, "FAIL").await;
    }
    tokio::task::yield_now().await;
    // The first run becomes slow, and the second one, which waits for its thread, is refused.
    tokio::time::advance(PROGRESS_INTERVAL).await;
    until(|| is_reported(&dispatcher, "error number 2")).await;
    assert!(!is_reported(&dispatcher, "error number 1"));
    *REPORTS_RELEASED.0.lock().unwrap() = true;
    REPORTS_RELEASED.1.notify_all();
    dispatcher.idle().await;
}
