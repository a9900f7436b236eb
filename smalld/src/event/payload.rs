//! An event as it came: op, t, s and the raw d, shared by all who want it.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::event::envelope::{Envelope, Parts};
use crate::event::origin::Origin;

#[derive(Debug)]
struct Event {
    parts: Parts,
    origin: Origin,
    /// The whole payload around a `d` that came alone, made when somebody asks for it.
    made_up: OnceLock<Box<str>>,
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
    pub(crate) fn new(envelope: Envelope<'_>, origin: Origin) -> Self {
        Self {
            event: Arc::new(Event {
                parts: envelope.into_parts(),
                origin,
                made_up: OnceLock::new(),
            }),
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
        self.event.parts.op
    }

    /// The name of a dispatched event, such as `MESSAGE_CREATE`.
    #[must_use]
    pub fn t(&self) -> Option<&str> {
        self.event.parts.t.as_deref()
    }

    /// The sequence number of a dispatch in its session.
    #[must_use]
    pub fn s(&self) -> Option<u64> {
        self.event.parts.s
    }

    /// The raw JSON of `d`, just as Discord sent it; `null` where it is absent.
    #[must_use]
    pub fn d(&self) -> &str {
        self.event.parts.d()
    }

    /// The raw JSON of the whole payload. For an event that came without one, such as an interaction
    /// over HTTP, it is made from the event's name and `d`.
    #[must_use]
    pub fn text(&self) -> &str {
        let Event { parts, made_up, .. } = &*self.event;
        parts
            .whole()
            .unwrap_or_else(|| made_up.get_or_init(|| parts.made_up().into()))
    }

    /// What the handler's parameters are taken from: `d`, or the whole payload under
    /// `on_gateway_payload`.
    #[must_use]
    pub fn body(&self) -> &str {
        if self.whole { self.text() } else { self.d() }
    }

    /// Reads [`body`](Self::body) as any `T`; it may borrow from this payload. Meant for
    /// [extractors](crate::handler::FromEvent) of your own.
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
        Some(format!("{session}:{}", self.event.parts.s?))
    }

    /// Whether Discord sent this while a session was being resumed. Such an event may have been
    /// handled before; [`id`](Self::id) tells.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.event.origin.replay
    }

    /// The shard that received it: its id and the number of shards. `None` for an event that no shard
    /// received.
    #[must_use]
    pub fn shard(&self) -> Option<(u32, u32)> {
        self.event.origin.shard
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
