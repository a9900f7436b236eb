//! Bounds, completion, and what an event costs that nobody wants.

use super::*;
use crate::dispatch::on::On;
use crate::event::intents::Intents;
use crate::gateway::Shard;
use crate::gateway::protocol::session::{Identity, Session};
use crate::token::Token;

const READY: &str =
    r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r"}}"#;
const UNWANTED: &str =
    r#"{"t":"PRESENCE_UPDATE","s":2,"op":0,"d":{"user":{"id":"1"},"status":"idle"}}"#;
const FILTERED: &str = r#"{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"type":3,"data":{"name":"other","note":"\"quoted\""}}}"#;
const WANTED: &str =
    r#"{"t":"INTERACTION_CREATE","s":4,"op":0,"d":{"type":3,"data":{"name":"greet"}}}"#;

/// The way of an event from the text of its frame to where nobody wants it.
fn take(session: &mut Session, dispatcher: &Dispatcher, shard: &Shard, text: &str) {
    let envelope = Envelope::parse(text).unwrap();
    let _ = session.received(&envelope);
    let (shard, session) = (shard.clone(), session.id());
    let origin = Origin {
        shard,
        session,
        replay: false,
    };
    let handed_on = dispatcher
        .dispatch(&envelope, text, &origin, &Completion::unheard)
        .now_or_never();
    assert!(handed_on.is_some());
}

#[test]
fn an_event_that_nobody_wants_allocates_nothing() {
    let greet = On::event("INTERACTION_CREATE")
        .with("/type", 3)
        .with("/data/name", "greet");
    let handlers = Handlers::new()
        .on("MESSAGE_CREATE", |_, _| async {})
        .on(greet, |_, _| async {});
    let bot = SmallD::builder()
        .token("a.b.c")
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    let token = Token::new("a.b.c").unwrap();
    let extra = serde_json::Map::new();
    let mut session = Session::new(Identity {
        token,
        intents: Intents::all(),
        shard: (0, 1),
        extra,
    });
    let (dispatcher, shard) = (Dispatcher::new(bot, &handlers), Shard::new(0, 1));
    take(&mut session, &dispatcher, &shard, READY);
    let mut allocations = |text| {
        let taking = || take(&mut session, &dispatcher, &shard, text);
        allocation_counter::measure(taking).count_total
    };
    // The first time sets up what is kept.
    allocations(UNWANTED);
    assert_eq!(allocations(UNWANTED), 0);
    assert_eq!(allocations(FILTERED), 0);
    assert_ne!(allocations(WANTED), 0);
}

fn dispatcher(handlers: &Handlers) -> Dispatcher {
    let bot = SmallD::builder()
        .token("a.b.c")
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    Dispatcher::new(bot, handlers)
}

async fn event(dispatcher: &Dispatcher, name: &str) {
    let text = format!(r#"{{"op":0,"t":"{name}","s":1,"d":{{}}}}"#);
    let (shard, session) = (Shard::new(0, 1), None);
    let origin = Origin {
        shard,
        session,
        replay: false,
    };
    let envelope = Envelope::parse(&text).unwrap();
    dispatcher
        .dispatch(&envelope, &text, &origin, &Completion::unheard)
        .await;
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_an_event_waits_until_the_slow_give_their_places_back() {
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let dispatcher = dispatcher(&handlers);
    for _ in 0..ROOM {
        event(&dispatcher, "HANG").now_or_never().unwrap();
    }
    let begun = tokio::time::Instant::now();
    event(&dispatcher, "HANG").await;
    assert_eq!(begun.elapsed(), SLOW);
    // What nobody wants needs no room.
    event(&dispatcher, "UNWANTED").now_or_never().unwrap();
}

#[tokio::test(start_paused = true)]
async fn at_the_second_bound_events_of_the_hanging_handler_alone_are_refused() {
    let answered = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&answered);
    let handlers = Handlers::new()
        .on("HANG", |_, _| std::future::pending::<()>())
        .on("FINE", move |_, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            async {}
        });
    let dispatcher = dispatcher(&handlers);
    for _ in 0..MOST_SLOW + ROOM {
        event(&dispatcher, "HANG").await;
    }
    tokio::time::sleep(SLOW * 2).await;
    let hanging = handlers.iter().next().unwrap();
    let slow = hanging.slow.load(Ordering::Relaxed);
    assert!(slow >= MOST_SLOW, "{slow}");
    event(&dispatcher, "HANG").now_or_never().unwrap();
    tokio::time::sleep(SLOW * 2).await;
    assert_eq!(hanging.slow.load(Ordering::Relaxed), slow);
    event(&dispatcher, "FINE").now_or_never().unwrap();
    assert_eq!(answered.load(Ordering::Relaxed), 1);
}

/// Hands on one event; what is given back tells when its completion has fired.
async fn completing(dispatcher: &Dispatcher, name: &str) -> std::sync::Weak<()> {
    let text = format!(r#"{{"op":0,"t":"{name}","s":1,"d":{{}}}}"#);
    let envelope = Envelope::parse(&text).unwrap();
    let origin = Origin {
        shard: Shard::new(0, 1),
        session: None,
        replay: false,
    };
    let held = std::sync::Mutex::new(Some(Arc::new(())));
    let firing = held.lock().unwrap().as_ref().map(Arc::downgrade).unwrap();
    let wanted = || {
        held.lock()
            .unwrap()
            .take()
            .map_or_else(Completion::unheard, Completion::of)
    };
    dispatcher
        .dispatch(&envelope, &text, &origin, &wanted)
        .await;
    firing
}

#[tokio::test(start_paused = true)]
async fn an_event_is_handled_when_the_last_of_its_handlers_has_ended() {
    let after = |seconds| tokio::time::sleep(std::time::Duration::from_secs(seconds));
    let handlers = Handlers::new()
        .on("EVENT", |_, _| async {})
        .on("EVENT", move |_, _| after(3))
        .on("EVENT", move |_, _| async move {
            after(5).await;
            Err::<(), _>("a failed event counts as handled")
        });
    let dispatcher = dispatcher(&handlers);
    let begun = tokio::time::Instant::now();
    let firing = completing(&dispatcher, "EVENT").await;
    while firing.upgrade().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_holds_back_what_counts_as_handled_for_a_minute() {
    let handlers = Handlers::new().on("HANG", |_, _| std::future::pending::<()>());
    let dispatcher = dispatcher(&handlers);
    let firing = completing(&dispatcher, "HANG").await;
    tokio::time::sleep(std::time::Duration::from_secs(59)).await;
    assert!(firing.upgrade().is_some());
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(firing.upgrade().is_none());
    assert_eq!(dispatcher.unfinished().len(), 1, "it goes on");
    dispatcher.abandon();
    dispatcher.idle().await;
    let slow = handlers.iter().next().unwrap().slow.load(Ordering::Relaxed);
    assert_eq!(slow, 0, "what is abandoned is not slow any more");
}
