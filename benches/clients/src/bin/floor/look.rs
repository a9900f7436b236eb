//! What is done with a payload.

use std::borrow::Cow;
use std::hint::black_box;

use serde::Deserialize;
use serde_json::Value;

use crate::scan;

const MESSAGE: &[u8] = br#"{"t":"MESSAGE_CREATE","s":"#;

#[derive(Clone, Copy)]
pub(crate) enum Work {
    Look,
    Scan,
    Borrow,
    Value,
}

/// What the payload asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Nothing,
    Identify,
    Answer,
    Pong,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// The members before `d`.
struct Envelope<'t> {
    op: &'t [u8],
    s: &'t [u8],
    d: &'t [u8],
}

pub(crate) fn take(work: Work, text: &[u8]) -> Task {
    let Some(envelope) = envelope(text) else {
        return Task::Nothing;
    };
    black_box(envelope.s);
    if envelope.op == b"10" {
        return Task::Identify;
    }
    if !text.starts_with(MESSAGE) {
        return Task::Nothing;
    }
    // A marker comes first in its payload, so that it costs nothing to look for.
    if envelope.d.starts_with(br#"{"content":"load: "#) {
        let is_ping = envelope.d.starts_with(br#"{"content":"load: ping"#);
        return if is_ping { Task::Pong } else { Task::Answer };
    }
    match work {
        Work::Look => {}
        Work::Scan => {
            black_box(scan::member(envelope.d, b"content") == Some(b"\"!ping\""));
        }
        Work::Borrow => {
            let message: Option<Message<'_>> = serde_json::from_slice(envelope.d).ok();
            black_box(message.is_some_and(|message| message.content == "!ping"));
        }
        Work::Value => {
            let message: Option<Value> = serde_json::from_slice(envelope.d).ok();
            black_box(message.is_some_and(|message| message["content"] == "!ping"));
        }
    }
    Task::Nothing
}

/// `{"t":..,"s":..,"op":..,"d":` in this order, as Discord sends it.
fn envelope(text: &[u8]) -> Option<Envelope<'_>> {
    let rest = text.strip_prefix(br#"{"t":"#)?.strip_suffix(b"}")?;
    let (_, rest) = split(rest, br#","s":"#)?;
    let (s, rest) = split(rest, br#","op":"#)?;
    let (op, d) = split(rest, br#","d":"#)?;
    Some(Envelope { op, s, d })
}

/// The text before and after a separator, which is expected soon.
fn split<'t>(text: &'t [u8], separator: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let comma = memchr::memchr(b',', text)?;
    let rest = text[comma..].strip_prefix(separator)?;
    Some((&text[..comma], rest))
}
