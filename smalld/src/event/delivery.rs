//! An event on its way from its source to the handlers.

use std::borrow::Cow;
use std::fmt;

use crate::error::{Error, Result};
use crate::event::acknowledge::{Acknowledge, Acknowledgement, Claim, Ending};
use crate::event::envelope::Envelope;
use crate::event::origin::Origin;

/// An event that a [`Source`](crate::source::Source) delivers: its text, its origin, and its
/// acknowledgement.
///
/// It owns its text or borrows it, for instance from the source's read buffer. Borrowed text is copied
/// only if a handler wants the event.
///
/// ```
/// use smalld::source::Delivery;
///
/// // A whole gateway payload, as from a broker or a recording:
/// let payload = r#"{"op":0,"t":"TYPING_START","s":7,"d":{"user_id":"1"}}"#;
/// let delivery = Delivery::payload(payload)?.shard(0, 1).session("session id");
///
/// // Only an event's name and its `d`, as for an interaction over HTTP:
/// let delivery = Delivery::event("INTERACTION_CREATE", r#"{"type":2}"#);
/// # let _ = delivery;
/// # Ok::<(), smalld::Error>(())
/// ```
#[must_use = "a delivery does nothing until a sink delivers it"]
pub struct Delivery<'a> {
    pub(crate) envelope: Envelope<'a>,
    pub(crate) origin: Origin,
    pub(crate) acknowledgement: Lazy<'a>,
}

impl<'a> Delivery<'a> {
    /// Creates a delivery from a whole gateway payload: a JSON object with `op`, `d`, and for an event
    /// `t` and `s`.
    ///
    /// If the text begins and ends as Discord writes it, its `d` is checked only when a filter or a
    /// parameter of a handler reads it. If `d` is malformed then, that is logged, and the event counts as
    /// handled.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] if the text is not such an object.
    pub fn payload(text: impl Into<Cow<'a, str>>) -> Result<Self> {
        let malformed = |why| Error::json("the text is not a gateway payload", why);
        Ok(Self::new(Envelope::parse(text).map_err(malformed)?))
    }

    /// Creates a delivery of an event without an envelope: its name, such as `INTERACTION_CREATE`, and
    /// its `d`, which is JSON.
    pub fn event(name: impl Into<Cow<'a, str>>, d: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Envelope::bare(name.into(), d.into()))
    }

    pub(crate) fn new(envelope: Envelope<'a>) -> Self {
        Self {
            envelope,
            origin: Origin::default(),
            acknowledgement: Lazy::Made(Acknowledgement::none().claim()),
        }
    }

    pub(crate) fn from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Sets the id of the shard that received the event from Discord, and the number of shards.
    pub fn shard(mut self, id: u32, count: u32) -> Self {
        self.origin.shard = Some((id, count));
        self
    }

    /// Sets the session that the event belongs to. The event's [id](crate::Payload::id) consists of the
    /// session and the sequence number.
    pub fn session(mut self, id: impl AsRef<str>) -> Self {
        self.origin.session = Some(id.as_ref().into());
        self
    }

    /// Sets the event's sequence number in its session. Ignored if the event came in a payload with an `s`.
    pub fn seq(mut self, seq: u64) -> Self {
        self.envelope.s.get_or_insert(seq);
        self
    }

    /// Sets whether the event may have been handled before; see
    /// [`Payload::is_replay`](crate::Payload::is_replay). By default false.
    pub fn replay(mut self, replay: bool) -> Self {
        self.origin.replay = replay;
        self
    }

    /// Sets what is called when the event's handlers have ended. By default nothing. A delivery that is
    /// dropped before a sink took it is acknowledged as [`Abandoned`](Ending::Abandoned).
    pub fn acknowledge(mut self, acknowledge: impl Acknowledge) -> Self {
        self.acknowledgement = Lazy::Made(Acknowledgement::new(acknowledge).claim());
        self
    }

    /// Like [`acknowledge`](Self::acknowledge), but calls `make` only if a handler wants the event.
    pub(crate) fn acknowledge_if_wanted(
        mut self,
        make: &'a (dyn Fn() -> Acknowledgement + Sync),
    ) -> Self {
        self.acknowledgement = Lazy::IfWanted(make);
        self
    }
}

/// The sink's claim on the event, or how to make its acknowledgement.
pub(crate) enum Lazy<'a> {
    Made(Claim),
    IfWanted(&'a (dyn Fn() -> Acknowledgement + Sync)),
}

impl Lazy<'_> {
    /// The claim on an event that a handler wants.
    pub(crate) fn claim(self) -> Claim {
        match self {
            Self::Made(claim) => claim,
            Self::IfWanted(make) => make().claim(),
        }
    }

    /// No handler wants the event.
    pub(crate) fn unwanted(self) {
        if let Self::Made(claim) = self {
            claim.end(Ending::Handled);
        }
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("t", &self.envelope.t())
            .field("d", &self.envelope.d())
            .finish_non_exhaustive()
    }
}
