//! An event's way to its handlers: envelope, table, filters, parameters.
//! `cargo bench -p bench-micro --bench event`.
//!
//! Every iteration takes 1,000 events; the throughput is that of single ones.

use std::borrow::Cow;

use bench_micro::Bot;
use divan::Bencher;
use divan::counter::ItemsCount;
use serde::Deserialize;
use smalld::handler::{Handlers, On};
use smalld::source::Delivery;
use smalld::{Json, Payload, SmallD};
use smalld_sandbox::traffic::{Mix, Traffic};

const EVENTS: u32 = 1_000;

fn main() {
    divan::main();
}

fn texts(mix: Mix) -> Vec<String> {
    let mut traffic = Traffic::new(7);
    (0..EVENTS).map(|s| traffic.event(mix, s.into())).collect()
}

fn deliver(bencher: Bencher<'_, '_>, handlers: Handlers, mix: Mix) {
    let (bot, texts) = (Bot::start(handlers), texts(mix));
    let bencher = bencher.counter(ItemsCount::new(EVENTS));
    bencher.bench_local(|| bot.deliver(&texts));
}

fn parse(bencher: Bencher<'_, '_>, texts: &[String]) {
    let bencher = bencher.counter(ItemsCount::new(EVENTS));
    bencher.bench_local(|| {
        for text in texts {
            let _ = divan::black_box(Delivery::payload(text.as_str()));
        }
    });
}

/// `{"t":..,"s":..,"op":..,"d":..}`, as Discord writes it.
#[divan::bench]
fn envelope(bencher: Bencher<'_, '_>) {
    parse(bencher, &texts(Mix::Mixed));
}

/// The members in another order.
#[divan::bench]
fn envelope_in_another_order(bencher: Bencher<'_, '_>) {
    let texts = texts(Mix::Mixed).into_iter().map(|text| {
        let (head, d) = text.split_once(r#","d":"#).expect("it has `d`");
        let d = d.strip_suffix('}').expect("it ends");
        format!(r#"{{"d":{d},{}}}"#, &head[1..])
    });
    parse(bencher, &texts.collect::<Vec<_>>());
}

/// No handler wants the events: the envelope, and a look into the table.
#[divan::bench(args = [1, 100, 1_000])]
fn table_of_events(bencher: Bencher<'_, '_>, count: u32) {
    let handlers = (0..count).fold(Handlers::new(), |handlers, nth| {
        handlers.on(format!("EVENT_{nth}"), |_: SmallD, _: Payload| async {})
    });
    deliver(bencher, handlers, Mix::Mixed);
}

/// Every handler has a filter that does not match.
#[divan::bench(args = [1, 2, 10, 100, 1_000])]
fn filters_of_messages(bencher: Bencher<'_, '_>, count: u32) {
    let handlers = (0..count).fold(Handlers::new(), |handlers, nth| {
        let command = On::event("MESSAGE_CREATE").with("/content", format!("!command{nth}"));
        handlers.on(command, |_: SmallD, _: Payload| async {})
    });
    deliver(bencher, handlers, Mix::Messages);
}

macro_rules! parameters {
    ($($name:ident: $type:ty, $doc:literal;)*) => {
        $(
            mod $name {
                use super::*;

                #[smalld::on(message_create)]
                async fn on_message(value: $type) {
                    divan::black_box(&value);
                }

                #[doc = $doc]
                #[divan::bench]
                fn parameter(bencher: Bencher<'_, '_>) {
                    let handlers = Handlers::registered().within(module_path!());
                    deliver(bencher, handlers, Mix::Messages);
                }
            }
        )*
    };
}

#[derive(Deserialize)]
struct Borrowing<'a> {
    #[serde(borrow, rename = "content")]
    _content: Cow<'a, str>,
}

parameters! {
    bot: SmallD, "The handle: the message is not parsed.";
    payload: Payload, "The text of the message.";
    borrowing: Borrowing<'_>, "A struct with one borrowed field.";
    json: Json, "All of it.";
}
