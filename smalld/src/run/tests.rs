//! Cost of an event that no handler wants, from the text of its frame on.

use serde_json::Map;

use crate::bot::SmallD;
use crate::dispatch::{Dispatcher, Handlers, On};
use crate::event::delivery::Delivery;
use crate::event::envelope::Envelope;
use crate::event::intents::Intents;
use crate::event::origin::Origin;
use crate::event::sink::Receive;
use crate::gateway::protocol::session::{Identity, Session};
use crate::token::Token;

const READY: &str =
    r#"{"op":0,"t":"READY","s":1,"d":{"session_id":"sid","resume_gateway_url":"wss://r"}}"#;
const UNWANTED: &str =
    r#"{"t":"PRESENCE_UPDATE","s":2,"op":0,"d":{"user":{"id":"1"},"status":"idle"}}"#;
const FILTERED: &str = r#"{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"type":3,"data":{"name":"other","note":"\"quoted\""}}}"#;
const WANTED: &str =
    r#"{"t":"INTERACTION_CREATE","s":4,"op":0,"d":{"type":3,"data":{"name":"greet"}}}"#;

fn receive(session: &mut Session, dispatcher: &Dispatcher, text: &str) {
    let envelope = Envelope::parse(text).unwrap();
    let _ = session.received(&envelope);
    let origin = Origin {
        shard: Some((0, 1)),
        session: session.id(),
        replay: false,
    };
    let waiting = dispatcher.receive(Delivery::new(envelope).from(origin));
    assert!(matches!(waiting, Ok(None)));
}

#[test]
fn an_event_that_no_handler_wants_allocates_nothing() {
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
    let mut session = Session::new(Identity {
        token: Token::new("a.b.c").unwrap(),
        intents: Intents::all(),
        shard: (0, 1),
        extra: Map::new(),
    });
    let dispatcher = Dispatcher::new(bot, &handlers, 1, None);
    receive(&mut session, &dispatcher, READY);
    let mut allocations = |text| {
        let receiving = || receive(&mut session, &dispatcher, text);
        allocation_counter::measure(receiving).count_total
    };
    // The first event allocates what is kept.
    allocations(UNWANTED);
    assert_eq!(allocations(UNWANTED), 0);
    assert_eq!(allocations(FILTERED), 0);
    assert_ne!(allocations(WANTED), 0);
}
