//! Bots that run on sources: instead of the gateway or beside it, one or several, until these end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::support::{self, Log, until};
use smalld::gateway::{SessionStore, Sessions};
use smalld::{Error, Shard, json};
use smalld_sandbox::Sandbox;

/// A handler of "EVENT" that counts, and the count.
fn counting() -> (Handlers, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&count);
    let handlers = Handlers::new().on("EVENT", move |_, _| {
        counts.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    (handlers, count)
}

/// A source that delivers this many events and ends.
fn plays(events: usize) -> impl Source {
    source(async move |sink: Sink| {
        for _ in 0..events {
            sink.deliver(Delivery::event("EVENT", "{}")).await;
        }
        Ok(())
    })
}

fn paths(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests().into_iter();
    requests.map(|request| request.path).collect()
}

#[tokio::test]
async fn a_source_replaces_the_gateway_and_its_end_ends_the_bot() {
    let sandbox = Sandbox::start().await.unwrap();
    let (handlers, count) = counting();
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .source(plays(3))
        .build()
        .unwrap();
    assert_eq!(bot.shards().count(), 0);
    ended(run(&bot)).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 3);
    assert_eq!(bot.id(), Some(sandbox.bot_id()));
    // Only the bot's id is asked for.
    let paths = paths(&sandbox);
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert!(paths[0].ends_with("/applications/@me"), "{paths:?}");
    assert_eq!(sandbox.connections(), 0);
}

#[test]
fn run_takes_a_source_by_name() {
    let (handlers, count) = counting();
    let thread = std::thread::spawn(move || {
        // Otherwise `run!` would set up a log for all tests.
        let _log = Log::capture();
        smalld::run!(
            token = "a.b.c",
            base_url = "http://127.0.0.1:1",
            signals = false,
            handlers = handlers,
            source = plays(2),
            also = plays(3),
        )
    });
    thread.join().unwrap().unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn run_ends_when_the_last_of_several_sources_has_ended() {
    let (handlers, count) = counting();
    let (sinks, sink) = oneshot::channel();
    let bot = alone(handlers)
        .source(plays(2))
        .source(open(sinks))
        .source(plays(3))
        .build()
        .unwrap();
    let task = run(&bot);
    let sink = sink.await.unwrap();
    assert!(until(|| count.load(Ordering::Relaxed) == 5).await);
    sink.deliver(Delivery::event("EVENT", "{}")).await;
    assert_eq!(count.load(Ordering::Relaxed), 6);
    assert!(!task.is_finished());
    bot.close();
    ended(task).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn handlers_of_the_last_event_may_finish() {
    let count = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&count);
    let handlers = Handlers::new().on("EVENT", move |_, _| {
        let count = Arc::clone(&counts);
        async move {
            tokio::task::yield_now().await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    ended(run(&alone(handlers).source(plays(5)).build().unwrap()))
        .await
        .unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn sources_beside_the_gateway_deliver_too_and_their_end_ends_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let (handlers, count) = counting();
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .also(plays(2))
        .also(plays(3))
        .build()
        .unwrap();
    let task = run(&bot);
    assert!(sandbox.wait_until_ready(TIMEOUT).await);
    assert!(until(|| count.load(Ordering::Relaxed) == 5).await);
    sandbox.dispatch("EVENT", json!({}));
    assert!(until(|| count.load(Ordering::Relaxed) == 6).await);
    assert!(!task.is_finished());
    bot.close();
    ended(task).await.unwrap();
}

#[tokio::test]
async fn a_source_that_fails_or_panics_ends_the_bot_with_an_error_that_names_it() {
    for gateway in [false, true] {
        let sandbox = Sandbox::start().await.unwrap();
        let with = |source| {
            let builder = support::builder(&sandbox).handlers(Handlers::new());
            if gateway {
                builder.also(source)
            } else {
                builder.source(source)
            }
        };
        let fails = |panics: bool| {
            source(async move |_: Sink| {
                assert!(!panics, "on purpose");
                Err(std::io::Error::other("the broker is gone").into())
            })
        };
        let error = ended(run(&with(fails(false)).build().unwrap())).await;
        let error = error.unwrap_err();
        let text = format!("{error:?}");
        assert!(
            text.starts_with("the source of events `handlers::sources::FromFn<")
                && text.ends_with("` failed: the broker is gone"),
            "{text}"
        );
        let cause = std::error::Error::source(&error).unwrap();
        assert!(cause.is::<std::io::Error>());
        let error = ended(run(&with(fails(true)).build().unwrap())).await;
        let error = error.unwrap_err();
        assert!(matches!(&error, Error::Source(error) if error.source.is_none()));
        assert!(error.to_string().contains("panicked"), "{error}");
    }
}

#[tokio::test]
async fn a_source_can_be_chosen_at_run_time() {
    for worker in [false, true] {
        let sandbox = Sandbox::start().await.unwrap();
        let (handlers, count) = counting();
        let mut builder = support::builder(&sandbox).handlers(handlers);
        if worker {
            builder = builder.source(plays(1));
        }
        let bot = builder.build().unwrap();
        let task = run(&bot);
        if !worker {
            assert!(sandbox.wait_until_ready(TIMEOUT).await);
            sandbox.dispatch("EVENT", json!({}));
            assert!(until(|| count.load(Ordering::Relaxed) == 1).await);
            bot.close();
        }
        ended(task).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(sandbox.connections(), usize::from(!worker));
    }
}

mod with_shard {
    use super::*;

    #[smalld::on("EVENT")]
    async fn takes_a_shard(_: Shard) {}

    #[smalld::on_error]
    async fn takes_one_too(_: Shard) {}

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

#[tokio::test]
async fn a_shard_without_a_gateway_is_an_error_at_startup_that_names_the_handlers() {
    let sandbox = Sandbox::start().await.unwrap();
    let bot = support::builder(&sandbox)
        .handlers(with_shard::handlers())
        .source(plays(1));
    let error = bot.run().await.unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 2, "{error}");
    for (line, name) in lines.iter().zip(["takes_a_shard", "takes_one_too"]) {
        assert!(line.contains(&format!("with_shard::{name}`")), "{error}");
        assert!(line.contains("sources/running.rs:"), "{error}");
        assert!(
            line.contains("`Shard` parameter needs the gateway"),
            "{error}"
        );
    }
    assert!(sandbox.requests().is_empty());
}

#[tokio::test]
async fn with_a_gateway_a_shard_parameter_needs_an_event_of_the_bots_own_shards() {
    let log = Log::capture();
    let sandbox = Sandbox::start().await.unwrap();
    let (sinks, sink) = oneshot::channel();
    let handlers = Handlers::registered().within_any([concat!(module_path!(), "::with_shard")]);
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .also(open(sinks))
        .build()
        .unwrap();
    let task = run(&bot);
    let sink = sink.await.unwrap();
    for (shard, fails) in [(None, true), (Some((0, 1)), false), (Some((0, 16)), true)] {
        let before = log.lines("no shard of this bot received the event").len();
        let (mut delivery, mut reports) = reported("EVENT", "{}");
        if let Some((id, count)) = shard {
            delivery = delivery.shard(id, count);
        }
        sink.deliver(delivery).await;
        assert_eq!(reports.ending().await, Ending::Handled);
        let after = log.lines("no shard of this bot received the event").len();
        assert_eq!(after > before, fails, "{shard:?}: {}", log.text());
    }
    bot.close();
    ended(task).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sources_run_once() {
    let bot = alone(Handlers::new()).source(plays(0)).build().unwrap();
    ended(run(&bot)).await.unwrap();
    let error = ended(run(&bot)).await.unwrap_err().to_string();
    assert!(error.contains("its sources run only once"), "{error}");
}

#[tokio::test]
async fn a_run_that_failed_before_its_sources_started_can_be_repeated() {
    let sandbox = Sandbox::start().await.unwrap();
    let (handlers, count) = counting();
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .sessions(Sessions::store(FailsOnce::default()))
        .also(plays(2))
        .build()
        .unwrap();
    let error = bot.run().await.unwrap_err().to_string();
    assert!(error.contains("the database is down"), "{error}");
    assert_eq!(count.load(Ordering::Relaxed), 0);
    let task = run(&bot);
    assert!(until(|| count.load(Ordering::Relaxed) == 2 || task.is_finished()).await);
    bot.close();
    ended(task).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

/// A store that cannot be loaded the first time.
#[derive(Default)]
struct FailsOnce(AtomicUsize);

impl SessionStore for FailsOnce {
    async fn load(&self) -> std::result::Result<Option<String>, BoxError> {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Err("the database is down".into()),
            _ => Ok(None),
        }
    }

    async fn save(&self, _: &str) -> std::result::Result<(), BoxError> {
        Ok(())
    }
}

#[tokio::test]
async fn handlers_see_the_bots_runtime_whichever_runtime_a_source_delivers_on() {
    let (flavors, mut seen) = mpsc::unbounded_channel();
    let handlers = Handlers::new().on("EVENT", move |_, _| {
        let flavors = flavors.clone();
        async move {
            let flavor = || tokio::runtime::Handle::current().runtime_flavor();
            flavors.send(flavor()).unwrap();
            tokio::task::yield_now().await;
            flavors.send(flavor()).unwrap();
        }
    });
    let elsewhere = source(async |sink: Sink| {
        let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
        let delivering = runtime.spawn(async move {
            sink.deliver(Delivery::event("EVENT", "{}")).await;
        });
        delivering.await?;
        runtime.shutdown_background();
        Ok(())
    });
    let bot = alone(handlers).source(elsewhere).build().unwrap();
    ended(run(&bot)).await.unwrap();
    for _ in 0..2 {
        let flavor = seen.recv().await;
        assert_eq!(flavor, Some(tokio::runtime::RuntimeFlavor::CurrentThread));
    }
}

#[tokio::test]
async fn on_start_handlers_run_before_the_first_event() {
    let (handlers, count) = counting();
    let counts = Arc::clone(&count);
    let handlers = handlers.on_start(move |bot| {
        let before = counts.load(Ordering::Relaxed);
        async move {
            assert_eq!((before, bot.id().is_some()), (0, true));
            bot.get("/users/@me").await.map(drop)
        }
    });
    let sandbox = Sandbox::start().await.unwrap();
    let log = Log::capture();
    let bot = support::builder(&sandbox)
        .handlers(handlers)
        .source(plays(1));
    bot.run().await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert!(log.lines("ERROR").is_empty(), "{}", log.text());
    assert!(log.lines("WARN").is_empty(), "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_not_known_is_a_warning() {
    let log = Log::capture();
    let (handlers, count) = counting();
    let bot = alone(handlers).source(plays(1)).build().unwrap();
    ended(run(&bot)).await.unwrap();
    assert_eq!((bot.id(), count.load(Ordering::Relaxed)), (None, 1));
    let unknown = log.lines("`bot.id()` returns `None`");
    assert_eq!(unknown.len(), 1, "{}", log.text());
}

#[tokio::test(start_paused = true)]
async fn discord_is_asked_for_the_id_for_five_seconds_at_most() {
    // It accepts connections and never responds.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let begin = tokio::time::Instant::now();
    let bot = alone(Handlers::new()).base_url(address).source(plays(0));
    bot.run().await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 5);
}
