//! End of a bucket's window, as far as it follows from responses, and which window a response
//! belongs to. Pure.

use std::time::{Duration, Instant};

/// The interval in which the end of a window lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) earliest: Instant,
    pub(super) latest: Instant,
}

/// The window that a response belongs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Window {
    Previous,
    Current,
    Next,
    /// The current or the previous one.
    Unclear,
}

impl Span {
    /// Combines the spans of two responses of one window. Ends of different windows are at least
    /// `length` apart, so two spans that overlap, and are shorter than that together, belong to one
    /// window. Otherwise they may belong to two, and the later end counts.
    pub(super) fn and(self, other: Self, length: Duration) -> Self {
        let both = Self {
            earliest: self.earliest.max(other.earliest),
            latest: self.latest.min(other.latest),
        };
        if both.earliest <= both.latest && self.width() + other.width() < length {
            return both;
        }
        Self {
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.max(other.latest),
        }
    }

    fn width(self) -> Duration {
        self.latest.saturating_duration_since(self.earliest)
    }
}

impl Window {
    /// Ends of windows are at least a window apart, so half a window parts them, even if the times of
    /// several servers differ a little.
    pub(super) fn of(
        span: Span,
        current: Option<Span>,
        previous: Option<Span>,
        length: Duration,
    ) -> Self {
        let half = length / 2;
        match (current, previous) {
            (Some(current), _) if span.latest + half < current.earliest => Self::Previous,
            (Some(current), _) if span.earliest > current.latest + half => Self::Next,
            (None, Some(previous)) if span.latest < previous.earliest + half => Self::Previous,
            (None, Some(previous)) if span.earliest < previous.latest + half => Self::Unclear,
            _ => Self::Current,
        }
    }
}
