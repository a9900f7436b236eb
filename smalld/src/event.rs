//! An event as it came: op, t, s and the raw d. The header is read first and alone, so that an
//! event that nobody wants costs one scan and no allocation.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::gateway::Shard;

/// The envelope of a gateway payload, borrowed from the frame; `d` is found but not parsed.
///
/// See [Discord Docs/Gateway Event Payload Structure](https://discord.com/developers/docs/events/gateway-events#payload-structure).
#[derive(Debug, Deserialize)]
pub(crate) struct Header<'a> {
    pub(crate) op: u64,
    pub(crate) s: Option<u64>,
    #[serde(borrow)]
    t: Option<Text<'a>>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(crate) fn t(&self) -> Option<&str> {
        self.t.as_ref().map(|t| &*t.0)
    }

    /// The raw text of `d`; `null` where it is absent.
    pub(crate) fn d(&self) -> &'a str {
        self.d.map_or("null", RawValue::get)
    }
}

/// Lent by the frame unless it holds an escape. (`Option<Cow<str>>` would always be copied.)
#[derive(Debug)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an event")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Where an event came from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) shard: Shard,
    /// The session's id, where there is one yet.
    pub(crate) session: Option<Arc<str>>,
    pub(crate) replay: bool,
}

#[derive(Debug)]
struct Event {
    op: u64,
    s: Option<u64>,
    t: Option<Box<str>>,
    text: Box<str>,
    /// Where in `text` the raw `d` lies; empty where it is absent.
    d: Range<usize>,
    origin: Origin,
}

/// A gateway payload as it came. As a handler's parameter it gives op, t, s and the raw JSON
/// without parsing anything. Clones are cheap and share the text.
///
/// ```
/// use smalld::Payload;
///
/// #[smalld::on(message_create)]
/// fn log(payload: Payload) {
///     println!("{:?} {}", payload.id(), payload.d());
/// }
/// ```
#[derive(Clone)]
pub struct Payload {
    event: Arc<Event>,
    whole: bool,
}

impl Payload {
    pub(crate) fn new(header: &Header<'_>, text: &str, origin: Origin) -> Self {
        let d = header.d.map_or(0..0, |d| {
            let start = d.get().as_ptr() as usize - text.as_ptr() as usize;
            start..start + d.get().len()
        });
        let t = header.t().map(Into::into);
        let event = Event {
            op: header.op,
            s: header.s,
            t,
            text: text.into(),
            d,
            origin,
        };
        Self {
            event: Arc::new(event),
            whole: false,
        }
    }

    /// The same event as a handler sees it that takes the whole payload, or only `d`.
    pub(crate) fn seen(&self, whole: bool) -> Self {
        Self {
            event: Arc::clone(&self.event),
            whole,
        }
    }

    /// The opcode; 0 for a dispatch.
    #[must_use]
    pub fn op(&self) -> u64 {
        self.event.op
    }

    /// The name of a dispatched event, such as `MESSAGE_CREATE`.
    #[must_use]
    pub fn t(&self) -> Option<&str> {
        self.event.t.as_deref()
    }

    /// The sequence number of a dispatch in its session.
    #[must_use]
    pub fn s(&self) -> Option<u64> {
        self.event.s
    }

    /// The raw JSON of `d`, just as Discord sent it; `null` where it is absent.
    #[must_use]
    pub fn d(&self) -> &str {
        if self.event.d.is_empty() {
            "null"
        } else {
            &self.event.text[self.event.d.clone()]
        }
    }

    /// The raw JSON of the whole payload.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.event.text
    }

    /// What the handler's parameters are taken from: `d`, or the whole payload under
    /// `on_gateway_payload`.
    #[must_use]
    pub fn body(&self) -> &str {
        if self.whole { self.text() } else { self.d() }
    }

    /// Reads [`body`](Self::body) as any `T`; it may borrow from this payload. Meant for
    /// [extractors](crate::FromEvent) of your own.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] that names the JSON path at fault.
    pub fn json<'e, T: Deserialize<'e>>(&'e self) -> Result<T> {
        let body = self.body();
        // The path of a mistake costs a little on every field, so it is looked for only after one.
        serde_json::from_str(body).or_else(|_| {
            serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(body)).map_err(
                |error| {
                    let path = error.path().to_string();
                    let place = if path == "." { "the whole" } else { &path };
                    Error::json(format!("`{place}`: {}", error.inner()), error.into_inner())
                },
            )
        })
    }

    /// An id that stays the same when the event is replayed: `session:seq`. `None` for what is no
    /// dispatch.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let session = self.event.origin.session.as_deref()?;
        Some(format!("{session}:{}", self.event.s?))
    }

    /// Whether Discord sent this while a session was being resumed. Such an event may have been
    /// handled before; [`id`](Self::id) tells.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.event.origin.replay
    }

    /// The shard that received it.
    #[must_use]
    pub fn shard(&self) -> &Shard {
        &self.event.origin.shard
    }

    /// What to call it in a log.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self.t() {
            Some(t) => Cow::Borrowed(t),
            None => Cow::Owned(format!("op {}", self.op())),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("op", &self.op())
            .field("t", &self.t())
            .field("s", &self.s())
            .field("d", &self.d())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_in_any_order_and_d_is_left_as_it_came() {
        let header = Header::parse(r#"{"d":{"a": 1},"op":0,"x":[],"s":7,"t":"A_B"}"#).unwrap();
        assert_eq!(
            (header.op, header.s, header.t(), header.d()),
            (0, Some(7), Some("A_B"), r#"{"a": 1}"#)
        );
    }

    #[test]
    fn absent_and_null_are_the_same() {
        let header = Header::parse(r#"{"op":11}"#).unwrap();
        assert_eq!((header.s, header.t(), header.d()), (None, None, "null"));
        let header = Header::parse(r#"{"op":11,"t":null,"s":null,"d":null}"#).unwrap();
        assert_eq!((header.s, header.t(), header.d()), (None, None, "null"));
    }

    #[test]
    fn what_is_no_payload_is_an_error() {
        for text in [
            r#"{"op":0,"t":"X","s":5,"#,
            "[]",
            "42",
            "\"x\"",
            "null",
            r#"{"d":1}"#,
            r#"{"op":"0"}"#,
        ] {
            assert!(Header::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_escaped_name_is_decoded() {
        assert_eq!(
            Header::parse(r#"{"op":0,"t":"\u0041"}"#).unwrap().t(),
            Some("A")
        );
    }

    #[test]
    fn sequence_numbers_beyond_53_bits_are_kept() {
        assert_eq!(
            Header::parse(r#"{"op":0,"s":9007199254740993}"#).unwrap().s,
            Some(9_007_199_254_740_993)
        );
    }
}
