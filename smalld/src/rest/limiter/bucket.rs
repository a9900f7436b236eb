//! One bucket of Discord's rate limits: how many requests may be sent, and when the next ones.
//! Pure; the time is an argument.
//!
//! A bucket counts the requests of a fixed window, which begins with the first request that
//! arrives. Responses contain the limit and the time to the window's end, but arrive late and out
//! of order. Two rules follow:
//!
//! - Within a window the number of remaining requests never goes up because of a response. When a
//!   window ends, every request that may still arrive is counted in the next one.
//! - A response was written between the moment its request was sent and now, so the end of its window
//!   lies in a [`Span`]. Spans tell whether it is about the current window, the one before or the one
//!   after. If they cannot tell, the less favourable answer is taken.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::rest::limiter::headers::LimitHeaders;
use crate::rest::limiter::timing::{MARGIN, MAX_TIME_TO_ARRIVE};
use crate::rest::limiter::wait_queue::WaitQueue;
use crate::rest::limiter::window_end::{Span, Window};

#[cfg(test)]
mod tests;

/// The wait if a response says that no requests remain, but not until when.
const DEFAULT_RESET: Duration = Duration::from_secs(1);
/// The longest wait for the end of a window if no response said when it ends. After that, one
/// request is sent to find out.
const MAX_GUESS: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Bucket {
    knowledge: Knowledge,
    /// Requests that were admitted and have no response yet.
    in_flight: u32,
    /// For each request that will have no response, when it has arrived at the latest.
    lost: VecDeque<Instant>,
    /// The end of the current window, if a response has told it.
    window: Option<Span>,
    /// The end of the previous window.
    previous: Option<Span>,
    /// The length of a window, or less: the longest `Reset-After` so far.
    length: Duration,
    /// When the last request that used the current window had arrived at the latest.
    last_arrival: Option<Instant>,
    /// Until when a 429 closed the bucket.
    closed_until: Option<Instant>,
    pub(crate) queue: WaitQueue,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Knowledge {
    /// One request is sent to find out, and the others wait for its response.
    #[default]
    Unknown,
    /// Responses had no limits.
    Unlimited,
    /// `remaining` is negative if more requests are in flight than the limit allows.
    Limited { limit: i64, remaining: i64 },
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Not before this time.
    Until(Instant),
    /// Probably not before this time, but no known limit forbids it.
    Perhaps(Instant),
    /// Not before the response to a request in flight.
    AfterResponse,
}

impl Gate {
    /// The time at which to ask again. Only the first of a queue watches the clock.
    pub(crate) fn watched_by(self, is_first: bool) -> Option<Instant> {
        match self {
            Self::Until(until) | Self::Perhaps(until) if is_first => Some(until),
            _ => None,
        }
    }
}

impl Bucket {
    pub(crate) fn gate(&mut self, now: Instant) -> Gate {
        self.roll(now);
        if let Some(until) = self.closed_until {
            return Gate::Until(until);
        }
        let is_used_up = match self.knowledge {
            Knowledge::Unknown => self.in_flight > 0,
            Knowledge::Unlimited => false,
            Knowledge::Limited { remaining, .. } => remaining <= 0,
        };
        match self.window {
            _ if !is_used_up => Gate::Open,
            Some(window) => Gate::Until(window.latest + MARGIN),
            None if self.in_flight > 0 => Gate::AfterResponse,
            // Without an estimate, one request has to find out.
            None => self.guess().map_or(Gate::Open, Gate::Perhaps),
        }
    }

    /// Begins a new window if the current one is over.
    fn roll(&mut self, now: Instant) {
        while self.lost.front().is_some_and(|&until| until <= now) {
            self.lost.pop_front();
        }
        let reopens = self.closed_until.take_if(|until| *until <= now).is_some();
        let ended = self
            .window
            .is_some_and(|window| window.latest + MARGIN <= now);
        if ended || reopens && self.window.is_none() {
            self.begin_window();
        }
        // All requests of the window have ended, and no response said when it ends.
        let is_stale = self.window.is_none() && self.in_flight == 0;
        if is_stale && self.guess().is_some_and(|end| end <= now) {
            if self.length > MAX_GUESS {
                self.knowledge = Knowledge::Unknown;
            }
            self.begin_window();
        }
    }

    fn guess(&self) -> Option<Instant> {
        Some(self.last_arrival? + self.length.min(MAX_GUESS) + MARGIN)
    }

    fn begin_window(&mut self) {
        self.previous = self.window.take().or(self.previous);
        self.last_arrival = self.lost.back().copied();
        let open = self.unresolved();
        if let Knowledge::Limited { limit, remaining } = &mut self.knowledge {
            *remaining = *limit - open;
        }
    }

    /// Requests that may still arrive.
    fn unresolved(&self) -> i64 {
        let lost = i64::try_from(self.lost.len()).unwrap_or(i64::MAX);
        lost.saturating_add(self.in_flight.into())
    }

    /// Admits a request.
    pub(crate) fn take(&mut self) {
        self.in_flight += 1;
        if let Knowledge::Limited { remaining, .. } = &mut self.knowledge {
            *remaining -= 1;
        }
    }

    /// Whether a 429 has closed the bucket, even for requests that were admitted before.
    pub(crate) fn is_closed(&self, now: Instant) -> bool {
        self.closed_until.is_some_and(|until| until > now)
    }

    /// An admitted request was not sent, or was counted by another bucket.
    pub(crate) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.restore_one();
    }

    fn restore_one(&mut self) {
        let open = self.unresolved();
        if let Knowledge::Limited { limit, remaining } = &mut self.knowledge {
            *remaining = (*limit - open).min(*remaining + 1);
        }
    }

    /// A request that was sent will have no response. It may have been counted, or may yet be.
    pub(crate) fn lose(&mut self, sent: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let arrived = sent + MAX_TIME_TO_ARRIVE;
        let place = self.lost.partition_point(|&until| until <= arrived);
        self.lost.insert(place, arrived);
        self.last_arrival = self.last_arrival.max(Some(arrived));
    }

    /// A request of another bucket turns out to have been counted by this one.
    pub(crate) fn adopt(&mut self) {
        self.take();
    }

    /// Processes the response to an admitted request. `limits` is `None` if the response has no
    /// information, not even that there are no limits.
    pub(crate) fn answer(&mut self, limits: Option<&LimitHeaders>, sent: Instant, now: Instant) {
        self.roll(now);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.last_arrival = self.last_arrival.max(Some(now));
        let Some(limits) = limits else {
            return;
        };
        let Some((limit, remaining)) = limits.count() else {
            if self.knowledge == Knowledge::Unknown {
                self.knowledge = Knowledge::Unlimited;
            }
            return;
        };
        let (limit, remaining) = (i64::from(limit), i64::from(remaining));
        match limits.reset_after {
            Some(after) => self.learn(limit, remaining, after, sent, now),
            None => self.learn_without_end(limit, remaining, now),
        }
    }

    fn learn(&mut self, limit: i64, said: i64, after: Duration, sent: Instant, now: Instant) {
        let span = Span {
            earliest: sent + after,
            latest: now + after,
        };
        let window = match self.knowledge {
            Knowledge::Limited { .. } => Window::of(span, self.window, self.previous, self.length),
            Knowledge::Unknown | Knowledge::Unlimited => Window::Next,
        };
        self.length = self.length.max(after);
        match window {
            Window::Previous => {
                // It was counted in the new window while it was in flight, and used nothing of it.
                self.set_limit(limit);
                self.restore_one();
            }
            Window::Current => {
                self.limit_to(limit, said);
                let known = self.window;
                self.window = Some(known.map_or(span, |known| known.and(span, self.length)));
            }
            Window::Next => {
                self.previous = self.window.or(self.previous);
                self.window = Some(span);
                let others = limit - 1 - self.unresolved();
                let remaining = said.min(others);
                self.knowledge = Knowledge::Limited { limit, remaining };
            }
            Window::Unclear => self.set_limit(limit),
        }
    }

    fn learn_without_end(&mut self, limit: i64, said: i64, now: Instant) {
        match self.knowledge {
            Knowledge::Limited { .. } => self.limit_to(limit, said),
            Knowledge::Unknown | Knowledge::Unlimited => {
                let others = limit - 1 - self.unresolved();
                let remaining = said.min(others);
                self.knowledge = Knowledge::Limited { limit, remaining };
            }
        }
        if said == 0 && self.window.is_none() {
            self.close(now + DEFAULT_RESET + MARGIN);
            self.knowledge = Knowledge::Unknown;
        }
    }

    fn set_limit(&mut self, now: i64) {
        if let Knowledge::Limited { limit, .. } = &mut self.knowledge {
            *limit = now;
        }
    }

    fn limit_to(&mut self, now: i64, said: i64) {
        if let Knowledge::Limited { limit, remaining } = &mut self.knowledge {
            *limit = now;
            *remaining = said.min(*remaining);
        }
    }

    /// A 429 closes the bucket until then.
    pub(crate) fn close(&mut self, until: Instant) {
        let end = self.window.map(|window| window.latest + MARGIN);
        self.closed_until = self.closed_until.max(Some(until)).max(end);
    }

    /// Takes over the requests of a bucket that turned out to be this one.
    pub(crate) fn absorb(&mut self, other: Self) {
        let open = other.unresolved();
        self.in_flight += other.in_flight;
        self.lost.extend(other.lost);
        self.lost.make_contiguous().sort_unstable();
        self.last_arrival = self.last_arrival.max(other.last_arrival);
        self.closed_until = self.closed_until.max(other.closed_until);
        self.queue.join(other.queue);
        match &mut self.knowledge {
            Knowledge::Limited { remaining, .. } => *remaining -= open,
            Knowledge::Unlimited => {}
            Knowledge::Unknown => {
                (self.knowledge, self.window) = (other.knowledge, other.window);
                self.length = other.length;
            }
        }
        self.queue.wake_first_and_impatient();
    }

    /// Whether the bucket can be removed without any effect.
    pub(crate) fn is_idle(&mut self, now: Instant) -> bool {
        self.roll(now);
        let is_over = self.window.is_none() && self.closed_until.is_none();
        let is_full = match self.knowledge {
            Knowledge::Limited { limit, remaining } => remaining == limit,
            Knowledge::Unknown | Knowledge::Unlimited => true,
        };
        is_over && is_full && self.unresolved() == 0 && self.queue.is_empty()
    }
}
