//! An event as it came: op, t, s and the raw d, shared by all who want it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::event::envelope::Envelope;
use crate::gateway::Shard;

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
    pub(crate) fn new(envelope: &Envelope<'_>, text: &str, origin: Origin) -> Self {
        let d = envelope.place_of_d(text);
        let t = envelope.t().map(Into::into);
        let event = Event {
            op: envelope.op,
            s: envelope.s,
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
                    let place = match &*path {
                        "." => "the whole".to_owned(),
                        path => format!("`{path}`"),
                    };
                    Error::json(format!("{place}: {}", error.inner()), error.into_inner())
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
