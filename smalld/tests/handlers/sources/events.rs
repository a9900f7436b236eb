//! What handlers see of an event that a source delivered: names, filters, parameters, ids and the log.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use super::*;
use crate::support::Log;
use serde::Deserialize;
use smalld::handler::HandlerError;
use smalld::{Json, Payload, State};

/// What handlers saw, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.sort();
        lines
    }
}

mod annotated {
    use super::*;

    #[derive(Deserialize)]
    pub(super) struct Data {
        name: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Interaction<'a> {
        id: &'a str,
        #[serde(borrow)]
        token: Cow<'a, str>,
        data: Data,
    }

    #[smalld::on(interaction_create, "/type" = 2, "/data/name" = "greet")]
    async fn greets(interaction: Interaction<'_>, State(seen): State<Seen>) {
        let Interaction { id, token, data } = interaction;
        let borrowed = matches!(token, Cow::Borrowed(_));
        seen.note(format!("greet {id} {token} {} {borrowed}", data.name));
    }

    #[smalld::on(interaction_create, "/type" = 3)]
    async fn presses(d: Json, State(seen): State<Seen>) {
        seen.note(format!("press {}", d["id"]));
    }

    #[smalld::on_gateway_payload(op = 0, t = "INTERACTION_CREATE", "/d/type" = 2)]
    async fn whole(whole: Json, payload: Payload, State(seen): State<Seen>) {
        seen.note(format!("whole {whole}"));
        assert_eq!(payload.text(), payload.body());
        assert_eq!(
            (payload.op(), payload.t(), payload.s(), payload.shard()),
            (0, Some("INTERACTION_CREATE"), None, None)
        );
        assert_eq!((payload.id(), payload.is_replay()), (None, false));
    }

    #[smalld::on_gateway_payload]
    async fn counts(State(seen): State<Seen>) {
        seen.note("any");
    }

    #[smalld::on("ORIGIN")]
    async fn origin(payload: Payload, State(seen): State<Seen>) {
        let (id, shard, s) = (payload.id(), payload.shard(), payload.s());
        seen.note(format!("{id:?} {shard:?} {s:?} {}", payload.is_replay()));
    }

    #[smalld::on("FAILS")]
    async fn fails() -> Result<(), String> {
        tracing::info!("inside");
        Err("on purpose".to_owned())
    }

    pub(super) fn handlers() -> Handlers {
        Handlers::registered().within(module_path!())
    }
}

async fn started(seen: &Seen) -> Running {
    Running::start_with(alone(annotated::handlers()).state(seen.clone())).await
}

async fn handled(running: &Running, delivery: Delivery<'_>) {
    let (sender, reports) = mpsc::unbounded_channel();
    running
        .sink
        .deliver(delivery.acknowledge(ReportSender(sender)))
        .await;
    assert_eq!(Reports(reports).ending().await, Ending::Handled);
}

const COMMAND: &str = r#"{"id":"7","type":2,"token":"secret","data":{"name":"greet"}}"#;

#[tokio::test(start_paused = true)]
async fn a_bare_event_passes_filters_and_fills_parameters_of_every_kind() {
    let seen = Seen::default();
    let running = started(&seen).await;
    handled(&running, Delivery::event("INTERACTION_CREATE", COMMAND)).await;
    let whole = r#"whole {"d":{"data":{"name":"greet"},"id":"7","token":"secret","type":2},"op":0,"s":null,"t":"INTERACTION_CREATE"}"#;
    assert_eq!(seen.take(), ["any", "greet 7 secret greet true", whole]);
    let press = r#" {"type": 3, "id": 8} "#;
    handled(&running, Delivery::event("INTERACTION_CREATE", press)).await;
    assert_eq!(seen.take(), ["any", "press 8"]);
    let other = r#"{"type":2,"data":{"name":"leave"},"id":"9","token":""}"#;
    handled(&running, Delivery::event("MESSAGE_CREATE", other)).await;
    assert_eq!(seen.take(), ["any"]);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn owned_and_borrowed_texts_are_the_same_event() {
    let seen = Seen::default();
    let running = started(&seen).await;
    let payload = format!(r#"{{"op":0,"t":"INTERACTION\u005fCREATE","s":1,"d":{COMMAND}}}"#);
    let expected = ["any", "greet 7 secret greet true"];
    for delivery in [
        Delivery::event("INTERACTION_CREATE", COMMAND),
        Delivery::event("INTERACTION_CREATE".to_owned(), COMMAND.to_owned()),
        Delivery::payload(&payload).unwrap(),
        Delivery::payload(payload.clone()).unwrap(),
    ] {
        handled(&running, delivery).await;
        let seen = seen.take();
        assert_eq!(seen[..2], expected, "{seen:?}");
    }
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_not_a_payload_is_an_error_that_says_so() {
    for text in ["", "[]", r#"{"t":"X"}"#, r#"{"op":0,"t":"X","d":"#] {
        let error = Delivery::payload(text).unwrap_err();
        assert!(
            error.to_string().contains("not a gateway payload"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn shard_session_and_sequence_are_what_the_source_says() {
    let seen = Seen::default();
    let running = started(&seen).await;
    let payload = r#"{"op":0,"t":"ORIGIN","s":7,"d":{}}"#;
    let with_all = |delivery: Delivery<'static>| {
        let delivery = delivery.shard(3, 16).session("abc");
        delivery.seq(8).replay(true)
    };
    for (delivery, expected) in [
        (
            with_all(Delivery::event("ORIGIN", "{}")),
            r#"Some("abc:8") Some((3, 16)) Some(8) true"#,
        ),
        (
            with_all(Delivery::payload(payload).unwrap()),
            r#"Some("abc:7") Some((3, 16)) Some(7) true"#,
        ),
        (
            Delivery::payload(payload).unwrap(),
            "None None Some(7) false",
        ),
        (Delivery::event("ORIGIN", ""), "None None None false"),
    ] {
        handled(&running, delivery).await;
        assert_eq!(seen.take(), [expected, "any"]);
    }
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_sink_says_which_events_are_wanted() {
    let seen = Seen::default();
    let running = started(&seen).await;
    assert_eq!(running.sink.wanted(), None, "a handler takes every payload");
    running.close().await;
    let handlers = Handlers::new()
        .on("B", |_, _| async {})
        .on("A", |_, _| async {})
        .on("B", |_, _| async {})
        .on_start(|_| async {});
    let running = Running::start(handlers).await;
    assert_eq!(running.sink.wanted().unwrap(), ["A", "B"]);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_log_of_an_event_without_a_shard_names_none() {
    let log = Log::capture();
    let seen = Seen::default();
    let running = started(&seen).await;
    handled(&running, Delivery::event("FAILS", "{}")).await;
    let failed = log.lines("failed on FAILS: on purpose");
    assert_eq!(failed.len(), 1, "{}", log.text());
    let inside = log.lines("inside");
    assert_eq!(inside.len(), 1, "{}", log.text());
    let span = "handler{handler=\"handlers::sources::events::annotated::fails\" event=\"FAILS\"}";
    assert!(inside[0].contains(span), "{inside:?}");
    handled(&running, Delivery::event("FAILS", "{}").shard(3, 16).seq(9)).await;
    let inside = log.lines("inside");
    let span = "annotated::fails\" shard=3 event=\"FAILS\" seq=9}";
    assert!(inside[1].contains(span), "{inside:?}");
    assert_eq!(log.lines("failed on FAILS (shard 3): on purpose").len(), 1);
    running.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_handler_sees_an_event_without_a_shard() {
    let seen = Seen::default();
    let notes = seen.clone();
    let handlers = annotated::handlers().on_error(move |_, error: HandlerError| {
        let payload = error.payload().unwrap();
        notes.note(format!("{} {:?} {error}", payload.d(), payload.shard()));
        async {}
    });
    let running = Running::start_with(alone(handlers).state(seen.clone())).await;
    handled(&running, Delivery::event("FAILS", "[1]")).await;
    let seen = seen.take();
    assert!(
        seen[0].starts_with("[1] None handler ")
            && seen[0].ends_with("failed on FAILS: on purpose"),
        "{seen:?}"
    );
    running.close().await;
}

mod operators {
    use super::*;

    #[smalld::on("OPERATORS", "/type" = 2 | 4)]
    async fn one_of(State(seen): State<Seen>) {
        seen.note("one of");
    }

    #[smalld::on("OPERATORS", "/custom_id" = "vote:".. | "poll")]
    async fn starts_with(State(seen): State<Seen>) {
        seen.note("starts with");
    }

    #[smalld::on("OPERATORS", "/author/bot" != true, "/type" != 9)]
    async fn is_not(State(seen): State<Seen>) {
        seen.note("is not");
    }

    #[smalld::on("OPERATORS", "/member" != null)]
    async fn is_present(State(seen): State<Seen>) {
        seen.note("present");
    }

    pub(super) fn handlers() -> Handlers {
        use smalld::handler::{Condition, On};
        let note = |_: SmallD, payload: Payload| async move {
            let seen = payload.json::<Json>()?["custom_id"] == "vote:7";
            if seen {
                Ok(())
            } else {
                Err(BoxError::from("another event"))
            }
        };
        let on = On::event("OPERATORS")
            .with("/custom_id", Condition::starts_with("vote:"))
            .with("/type", Condition::one_of([2, 4]))
            .without("/author/bot", true)
            .ordered()
            .named("closure");
        Handlers::registered().within(module_path!()).on(on, note)
    }
}

#[tokio::test(start_paused = true)]
async fn each_operator_of_a_filter_decides_about_an_event() {
    let (seen, log) = (Seen::default(), Log::capture());
    let builder = alone(operators::handlers()).state(seen.clone());
    let running = Running::start_with(builder).await;
    for (d, expected) in [
        (
            r#"{"type":4,"custom_id":"vote:7","member":{}}"#,
            &["is not", "one of", "present", "starts with"][..],
        ),
        (r#"{"type":2,"author":{"bot":true}}"#, &["one of"]),
        (
            r#"{"type":9,"custom_id":"poll","member":null}"#,
            &["starts with"],
        ),
        (
            r#"{"author":{"bot":false},"custom_id":"polls"}"#,
            &["is not"],
        ),
    ] {
        handled(&running, Delivery::event("OPERATORS", d)).await;
        assert_eq!(seen.take(), expected, "{d}");
    }
    assert_eq!(log.lines("failed on").len(), 0);
    running.close().await;
}
