//! One bucket of Discord's rate limits: how many requests may leave, and when the next ones. Pure;
//! the time comes in as an argument.
//!
//! A bucket is a fixed window that begins with its first request. What we know of it comes from
//! responses, which arrive late and out of order, so within a window the count never goes up, and
//! what a response of the window before says is not held against the new one.

use std::time::{Duration, Instant};

use crate::rest::limiter::headers::LimitHeaders;
use crate::rest::limiter::wait_queue::Line;

/// Added to every wait: the answer to "may I come at noon" should not arrive at a minute to.
const MARGIN: Duration = Duration::from_millis(50);
/// What a window is taken to last where a response says that it is used up and not until when.
const UNSAID: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Bucket {
    known: Known,
    in_flight: u32,
    /// Which window this is, and how long they last as far as responses have told.
    window: Window,
    length: Duration,
    /// Until when a 429 closed it, where one did.
    refused_until: Option<Instant>,
    pub(crate) line: Line,
}

/// A window's number, by which a response is told from those of the window before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window(u32);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Known {
    /// Nothing yet: one request finds out, the others wait for its response.
    #[default]
    Nothing,
    /// Responses came without limits.
    Unlimited,
    Window {
        limit: u32,
        remaining: u32,
        /// None before the first response of a new window.
        ends: Option<Instant>,
    },
    /// Closed, without knowing what comes after.
    Closed { until: Instant },
}

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Not before this time.
    Until(Instant),
    /// Not before a response that is under way.
    AfterResponse,
}

impl Gate {
    /// Only the first of a line watches the clock.
    pub(crate) fn watched_by(self, first: bool) -> Option<Instant> {
        match self {
            Self::Until(until) if first => Some(until),
            _ => None,
        }
    }
}

impl Bucket {
    pub(crate) fn window(&self) -> Window {
        self.window
    }

    pub(crate) fn gate(&mut self, now: Instant) -> Gate {
        self.roll(now);
        match self.known {
            Known::Window {
                remaining: 0,
                ends: Some(ends),
                ..
            } => Gate::Until(ends),
            Known::Closed { until } => Gate::Until(until),
            Known::Nothing | Known::Window { remaining: 0, .. } if self.in_flight > 0 => {
                Gate::AfterResponse
            }
            // Also a window of nothing that nothing is in: only trying can tell.
            Known::Nothing | Known::Unlimited | Known::Window { .. } => Gate::Open,
        }
    }

    /// Begins a new window where the old one is over, less what is still under way.
    fn roll(&mut self, now: Instant) {
        self.refused_until.take_if(|until| *until <= now);
        match self.known {
            Known::Window {
                limit,
                ends: Some(ends),
                ..
            } if ends <= now => {
                let remaining = limit.saturating_sub(self.in_flight);
                self.known = Known::Window {
                    limit,
                    remaining,
                    ends: None,
                };
                self.window.0 = self.window.0.wrapping_add(1);
            }
            Known::Closed { until } if until <= now => self.known = Known::Nothing,
            _ => {}
        }
    }

    /// A request leaves, in this window.
    pub(crate) fn take(&mut self) -> Window {
        self.in_flight += 1;
        if let Known::Window { remaining, .. } = &mut self.known {
            *remaining = remaining.saturating_sub(1);
        }
        self.window
    }

    /// Whether a 429 closed it after all, for a request that was let through before.
    pub(crate) fn is_refused(&self, now: Instant) -> bool {
        self.refused_until.is_some_and(|until| until > now)
    }

    /// A request that had been let through was not sent after all.
    pub(crate) fn give_back(&mut self) {
        self.returned();
        if self.refused_until.is_some() {
            return;
        }
        if let Known::Window {
            limit, remaining, ..
        } = &mut self.known
        {
            *remaining = limit.saturating_sub(self.in_flight).min(*remaining + 1);
        }
    }

    /// A request is under way no more. What it used stays used.
    pub(crate) fn returned(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Takes in what the response to a request that left in the window `sent` said.
    pub(crate) fn heard(&mut self, headers: &LimitHeaders, sent: Window, now: Instant) {
        self.roll(now);
        let Some((limit, said)) = headers.count() else {
            if self.known == Known::Nothing {
                self.known = Known::Unlimited;
            }
            return;
        };
        if sent != self.window
            && self.refused_until.is_none()
            && self.is_of_the_window_before(headers)
        {
            return self.late(limit);
        }
        self.length = self.length.max(headers.reset_after.unwrap_or_default());
        let (before, until) = match self.known {
            Known::Window {
                remaining, ends, ..
            } => (remaining, ends),
            Known::Closed { until } => (0, Some(until)),
            Known::Nothing | Known::Unlimited => (limit.saturating_sub(self.in_flight), None),
        };
        let Some(after) = headers.reset_after.or((said == 0).then_some(UNSAID)) else {
            self.known = Known::Window {
                limit,
                remaining: said.min(before),
                ends: until,
            };
            return;
        };
        let ends = now + after + MARGIN;
        // An earlier end belongs to the window before, and must not shorten this one.
        let ends = until.map_or(ends, |until| until.max(ends));
        self.known = match headers.reset_after {
            None => Known::Closed { until: ends },
            Some(_) => Known::Window {
                limit,
                remaining: said.min(before),
                ends: Some(ends),
            },
        };
    }

    /// A request may leave in one window and be counted in the next. Its response tells: a new
    /// window has most of its time before it.
    fn is_of_the_window_before(&self, headers: &LimitHeaders) -> bool {
        headers
            .reset_after
            .is_some_and(|after| after * 2 < self.length)
    }

    /// It was held against the new window while it was under way, and used nothing of it.
    fn late(&mut self, said: u32) {
        if let Known::Window {
            limit, remaining, ..
        } = &mut self.known
        {
            *limit = said;
            *remaining = said.saturating_sub(self.in_flight).min(*remaining + 1);
        }
    }

    /// A 429 closes it until then.
    pub(crate) fn refused(&mut self, reopens: Instant) {
        self.refused_until = self.refused_until.max(Some(reopens));
        self.known = match self.known {
            Known::Window { limit, ends, .. } => {
                let ends = ends.map_or(reopens, |ends| ends.max(reopens));
                Known::Window {
                    limit,
                    remaining: 0,
                    ends: Some(ends),
                }
            }
            Known::Closed { until } => Known::Closed {
                until: until.max(reopens),
            },
            Known::Nothing | Known::Unlimited => Known::Closed { until: reopens },
        };
    }

    /// Whether forgetting it changes nothing.
    pub(crate) fn is_idle(&mut self, now: Instant) -> bool {
        self.roll(now);
        let over = !matches!(
            self.known,
            Known::Window { ends: Some(_), .. } | Known::Closed { .. }
        );
        over && self.in_flight == 0 && self.line.is_empty()
    }
}

/// When a wait that a 429 asks for is over.
pub(crate) fn after(wait: Duration, now: Instant) -> Instant {
    now + wait + MARGIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(limit: u32, remaining: u32, reset_after: f64) -> LimitHeaders {
        LimitHeaders {
            limit: Some(limit),
            remaining: Some(remaining),
            reset_after: Some(Duration::from_secs_f64(reset_after)),
            ..LimitHeaders::default()
        }
    }

    fn at(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    fn leave(bucket: &mut Bucket, now: Instant) -> usize {
        let mut left = 0;
        while bucket.gate(now) == Gate::Open && left < 100 {
            bucket.take();
            left += 1;
        }
        left
    }

    /// A bucket after its first response: limit 5, 4 left, one second.
    fn found(start: Instant) -> Bucket {
        let mut bucket = Bucket::default();
        bucket.take();
        bucket.returned();
        bucket.heard(&said(5, 4, 1.0), Window::default(), start);
        bucket
    }

    #[test]
    fn one_request_finds_out_and_then_as_many_leave_as_remain() {
        let (start, mut bucket) = (Instant::now(), Bucket::default());
        assert_eq!(bucket.gate(start), Gate::Open);
        bucket.take();
        assert_eq!(bucket.gate(start), Gate::AfterResponse);
        bucket.returned();
        bucket.heard(&said(5, 4, 1.0), Window::default(), start);
        assert_eq!(leave(&mut bucket, start), 4);
        assert_eq!(bucket.gate(start), Gate::Until(at(start, 1.05)));
    }

    #[test]
    fn a_response_without_limits_holds_nobody_back() {
        let (start, mut bucket) = (Instant::now(), Bucket::default());
        bucket.take();
        bucket.returned();
        bucket.heard(&LimitHeaders::default(), Window::default(), start);
        assert_eq!(leave(&mut bucket, start), 100);
    }

    #[test]
    fn responses_out_of_order_never_raise_the_count() {
        let start = Instant::now();
        let mut bucket = found(start);
        leave(&mut bucket, start);
        for remaining in [1, 3, 0, 2] {
            bucket.returned();
            bucket.heard(&said(5, remaining, 1.0), Window::default(), start);
            assert!(matches!(bucket.gate(start), Gate::Until(_)));
        }
    }

    #[test]
    fn a_new_window_holds_less_what_is_still_under_way() {
        let start = Instant::now();
        let mut bucket = found(start);
        leave(&mut bucket, start);
        bucket.returned();
        bucket.returned();
        assert_eq!(leave(&mut bucket, at(start, 1.1)), 3);
        assert_eq!(bucket.gate(at(start, 1.1)), Gate::AfterResponse);
    }

    #[test]
    fn more_leave_as_late_responses_of_the_old_window_arrive() {
        let start = Instant::now();
        let mut bucket = found(start);
        let old = bucket.window;
        leave(&mut bucket, start);
        let later = at(start, 1.1);
        assert_eq!(
            leave(&mut bucket, later),
            1,
            "the limit less four under way"
        );
        bucket.returned();
        bucket.heard(&said(5, 0, 0.02), old, later);
        assert_eq!(leave(&mut bucket, later), 1);
    }

    #[test]
    fn a_late_response_of_the_old_window_is_not_held_against_the_new_one() {
        let start = Instant::now();
        let mut bucket = found(start);
        let old = bucket.window;
        leave(&mut bucket, start);
        for _ in 0..3 {
            bucket.returned();
        }
        let later = at(start, 1.1);
        assert_eq!(bucket.gate(later), Gate::Open);
        let new = bucket.take();
        bucket.returned();
        bucket.heard(&said(5, 4, 1.0), new, later);
        bucket.returned();
        bucket.heard(&said(5, 0, 0.02), old, later);
        assert_eq!(leave(&mut bucket, later), 4);
        assert_eq!(bucket.gate(later), Gate::Until(at(later, 1.05)));
    }

    #[test]
    fn a_response_that_the_new_window_counted_is_held_against_it() {
        let start = Instant::now();
        let mut bucket = found(start);
        let old = bucket.window;
        leave(&mut bucket, start);
        let later = at(start, 1.1);
        assert_eq!(bucket.gate(later), Gate::Open);
        bucket.returned();
        bucket.heard(&said(5, 0, 0.9), old, later);
        assert_eq!(bucket.gate(later), Gate::Until(at(later, 0.95)));
    }

    #[test]
    fn a_used_up_window_without_an_end_is_tried_by_one_after_a_second() {
        let (start, mut bucket) = (Instant::now(), Bucket::default());
        bucket.take();
        bucket.returned();
        bucket.heard(
            &LimitHeaders {
                reset_after: None,
                ..said(5, 0, 0.0)
            },
            Window::default(),
            start,
        );
        assert_eq!(bucket.gate(start), Gate::Until(at(start, 1.05)));
        assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
    }

    #[test]
    fn a_429_closes_until_the_latest_time_that_was_said() {
        let start = Instant::now();
        let mut bucket = found(start);
        for retry_after in [2.0, 1.9, 1.7] {
            bucket.refused(after(Duration::from_secs_f64(retry_after), start));
        }
        assert_eq!(bucket.gate(start), Gate::Until(at(start, 2.05)));
        assert_eq!(leave(&mut bucket, at(start, 2.1)), 5);
    }

    #[test]
    fn a_falling_limit_counts_at_once() {
        let start = Instant::now();
        let mut bucket = found(start);
        bucket.take();
        bucket.returned();
        bucket.heard(&said(2, 1, 1.0), Window::default(), start);
        assert_eq!(leave(&mut bucket, start), 1);
        assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let start = Instant::now();
        let mut bucket = found(start);
        bucket.take();
        bucket.give_back();
        assert_eq!(leave(&mut bucket, start), 4);
    }

    #[test]
    fn a_bucket_is_forgotten_when_its_window_is_over() {
        let start = Instant::now();
        let mut bucket = found(start);
        assert!(!bucket.is_idle(start));
        assert!(bucket.is_idle(at(start, 1.1)));
    }
}
