//! Event as Discord sent it: `op`, `t`, `s` and the raw `d`. Its handlers share one copy.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::event::answer::Answer;
use crate::event::envelope::{Envelope, Parts};
use crate::event::origin::Origin;

/// The event that needs an answer.
const INTERACTION: &str = "INTERACTION_CREATE";

#[derive(Debug)]
struct Event {
    parts: Parts,
    origin: Origin,
    /// The whole payload of an event that came without an envelope, generated on first use.
    generated: OnceLock<Box<str>>,
    /// Of an interaction.
    answer: Option<Arc<Answer>>,
}

/// An event as Discord sent it: `op`, `t`, `s` and the raw JSON. As a parameter of a handler it parses
/// nothing. Clones are cheap and share the text.
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
        let answer = (envelope.t() == Some(INTERACTION)).then(|| {
            let is_live = origin.shard.is_some() && !origin.replay;
            Arc::new(Answer::new(is_live.then(Instant::now)))
        });
        Self {
            event: Arc::new(Event {
                parts: envelope.into_parts(),
                origin,
                generated: OnceLock::new(),
                answer,
            }),
            whole: false,
        }
    }

    /// The same event for a handler that takes the whole payload, or only `d`.
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

    /// The event's name, such as `MESSAGE_CREATE`; `None` for a payload that is not a dispatch.
    #[must_use]
    pub fn t(&self) -> Option<&str> {
        self.event.parts.t()
    }

    /// The sequence number of the event in its session; `None` for a payload that is not a dispatch.
    #[must_use]
    pub fn s(&self) -> Option<u64> {
        self.event.parts.s
    }

    /// The raw JSON of `d`, exactly as Discord sent it; `null` if it is absent.
    #[must_use]
    pub fn d(&self) -> &str {
        self.event.parts.d()
    }

    /// The raw JSON of the whole payload. For an event that came without an envelope, such as an
    /// interaction over HTTP, it is generated from the event's name and `d`.
    #[must_use]
    pub fn text(&self) -> &str {
        let Event {
            parts, generated, ..
        } = &*self.event;
        parts
            .whole()
            .unwrap_or_else(|| generated.get_or_init(|| parts.payload_around().into()))
    }

    /// The JSON that the handler's parameters are read from: `d`, or the whole payload under
    /// [`on_gateway_payload`](macro@crate::on_gateway_payload).
    #[must_use]
    pub fn body(&self) -> &str {
        if self.whole { self.text() } else { self.d() }
    }

    /// Deserializes [`body`](Self::body) into a `T`, which may borrow from this payload. Useful in
    /// implementations of [`FromEvent`](crate::handler::FromEvent).
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if the JSON does not fit `T`; it names the JSON path of the mistake.
    pub fn json<'e, T: Deserialize<'e>>(&'e self) -> Result<T> {
        let unchecked = if self.whole {
            self.text()
        } else {
            self.unchecked_d()
        };
        serde_json::from_str(unchecked).or_else(|_| {
            // Now `d` is the right one, even if other members follow it.
            self.event.parts.check();
            located(self.body())
        })
    }

    /// Like [`d`](Self::d), but not checked.
    pub(crate) fn unchecked_d(&self) -> &str {
        self.event.parts.unchecked_d()
    }

    /// Why the text is malformed, if a handler has noticed that.
    pub(crate) fn malformed(&self) -> Option<&str> {
        self.event.parts.malformed()
    }

    /// An id that stays the same when the event is replayed, in the form `session:seq`. `None` if the
    /// payload is not a dispatch, or its source names no session.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let session = self.event.origin.session.as_deref()?;
        Some(format!("{session}:{}", self.event.parts.s?))
    }

    /// Whether Discord sent this while a session was being resumed. Such an event may have been
    /// handled before; compare its [`id`](Self::id).
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.event.origin.replay
    }

    /// The id of the shard that received the event, and the number of shards. `None` if no shard
    /// received it.
    #[must_use]
    pub fn shard(&self) -> Option<(u32, u32)> {
        self.event.origin.shard
    }

    /// Whether the interaction has been answered: the same state for all handlers.
    pub(crate) fn answer(&self) -> Arc<Answer> {
        let answer = self.event.answer.as_ref();
        answer.map_or_else(|| Arc::new(Answer::new(None)), Arc::clone)
    }

    /// The event's name in logs.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self.t() {
            Some(t) => Cow::Borrowed(t),
            None => Cow::Owned(format!("op {}", self.op())),
        }
    }
}

/// Deserializes a text and names the path of a mistake. Tracking the path costs a little on every field,
/// so it is done only after a mistake.
fn located<'e, T: Deserialize<'e>>(text: &'e str) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let place = match &*path {
            "." => "the JSON".to_owned(),
            path => format!("`{path}`"),
        };
        Error::json(format!("{place}: {}", error.inner()), error.into_inner())
    })
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
