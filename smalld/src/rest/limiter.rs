//! Decides which request may leave when: by its bucket, the limit over all, and what Discord's
//! guard thinks of this address. Pure; sockets and clocks are elsewhere.
//!
//! A request holds a ticket with a number and passes two lines, that of its bucket and the global
//! one. Lines are in the order of the numbers, so a request that got a 429 takes up its old place,
//! and one that moves to another bucket keeps its rank there. Only the first of a line watches the
//! clock; it wakes the next when it leaves.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::rest::bucket::{self, Bucket, Gate};
use crate::rest::global::GlobalLimit;
use crate::rest::headers::{LimitHeaders, TooMany};
use crate::rest::invalid::InvalidRequests;
use crate::rest::line::Line;
use crate::rest::response::Response;
use crate::rest::route::{Kind, Route};

/// Nothing is known of a 429 but that it is one.
const UNSAID: Duration = Duration::from_secs(1);
/// The guard's ban without a word on its length; doubled each time.
const BAN: Duration = Duration::from_secs(60);
/// How many buckets, and how many routes, are held before the idle ones are looked for.
const MANY: usize = 1_024;

/// A bucket's name (Discord's hash, or the route where there is none yet) and top-level resource.
type Key = (Arc<str>, Arc<str>);

#[derive(Debug)]
pub(crate) struct Limiter {
    tickets: u64,
    /// Which bucket a route was last said to belong to.
    hashes: HashMap<Box<str>, Arc<str>>,
    buckets: HashMap<Key, Bucket>,
    sweep_at: usize,
    /// Routes that are closed on their own, their bucket open: sub-limits and shared ones.
    closed: HashMap<(Box<str>, Box<str>), Closed>,
    global: GlobalLimit,
    invalid: InvalidRequests,
    bans: u32,
    banned_until: Option<Instant>,
    token_refused: bool,
}

#[derive(Debug)]
struct Closed {
    until: Instant,
    line: Line,
}

/// A request's claim to leave, kept over its retries.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    route: Route,
    patient: bool,
    standing: Standing,
}

/// In which line a ticket stands.
#[derive(Debug, Clone, PartialEq)]
enum Standing {
    Outside,
    Closed,
    Bucket(Key),
    /// Through the bucket's gate, with one of its requests in hand.
    Global(Key),
    /// Under way.
    Gone(Option<Key>),
}

/// What becomes of a request for now.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Leave,
    /// Ask again when woken, or at this time.
    Wait(Option<Instant>),
    Refused(Refusal),
}

/// Why a request may not be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    Limited(Limited),
    /// Discord refused the token before; asking again only counts against the address.
    TokenRefused,
}

/// A known limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limited {
    pub(crate) until: Instant,
    pub(crate) bucket: Option<Arc<str>>,
    pub(crate) scope: Scope,
}

/// Whom a limit concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This bot's requests of one bucket or route.
    User,
    /// All requests of this bot.
    Global,
    /// Everybody's requests for one resource.
    Shared,
    /// Everything from this address.
    Address,
}

impl Limiter {
    pub(crate) fn new(global_limit: u32) -> Self {
        Self {
            tickets: 0,
            hashes: HashMap::new(),
            buckets: HashMap::new(),
            sweep_at: MANY,
            closed: HashMap::new(),
            global: GlobalLimit::new(global_limit),
            invalid: InvalidRequests::default(),
            bans: 0,
            banned_until: None,
            token_refused: false,
        }
    }

    /// Takes a request in. One that is not patient is refused where it would have to wait for a
    /// window to end.
    pub(crate) fn enter(&mut self, route: Route, patient: bool) -> Ticket {
        self.tickets += 1;
        Ticket {
            number: self.tickets,
            route,
            patient,
            standing: Standing::Outside,
        }
    }

    /// Asks whether it may leave now. If not, `waker` is woken when it is worth asking again.
    pub(crate) fn ask(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Answer {
        if let Some(refusal) = self.refusal(&ticket.route, now) {
            self.quit(ticket);
            return Answer::Refused(refusal);
        }
        if ticket.route.kind == Kind::Callback {
            ticket.standing = Standing::Gone(None);
            return Answer::Leave;
        }
        if !matches!(ticket.standing, Standing::Global(_)) {
            if let Some(answer) = self.ask_closed(ticket, now, waker) {
                return answer;
            }
            if let Some(answer) = self.ask_bucket(ticket, now, waker) {
                return answer;
            }
        }
        self.ask_global(ticket, now, waker)
    }

    /// What holds for every request from here, whatever its bucket.
    fn refusal(&mut self, route: &Route, now: Instant) -> Option<Refusal> {
        let address = |until| {
            Some(Refusal::Limited(Limited {
                until,
                bucket: None,
                scope: Scope::Address,
            }))
        };
        if let Some(until) = self.banned_until.filter(|&until| until > now) {
            return address(until);
        }
        if self.token_refused && route.kind == Kind::Bot {
            return Some(Refusal::TokenRefused);
        }
        match self.invalid.spent(now) {
            // Three seconds to answer somebody matter more than the last of the budget.
            Some(until) if route.kind != Kind::Callback => address(until),
            _ => None,
        }
    }

    fn ask_closed(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Option<Answer> {
        let key = (ticket.route.template.clone(), ticket.route.major.clone());
        let until = self.closed.get(&key).map(|closed| closed.until);
        let Some(until) = until.filter(|&until| until > now) else {
            if ticket.standing == Standing::Closed {
                self.quit(ticket);
            }
            return None;
        };
        if !ticket.patient {
            self.quit(ticket);
            let limited = Limited {
                until,
                bucket: None,
                scope: Scope::Shared,
            };
            return Some(Answer::Refused(Refusal::Limited(limited)));
        }
        if ticket.standing != Standing::Closed {
            self.quit(ticket);
            ticket.standing = Standing::Closed;
        }
        let line = &mut self.closed.get_mut(&key)?.line;
        line.wait(ticket.number, waker, true);
        Some(Answer::Wait(line.is_first(ticket.number).then_some(until)))
    }

    fn ask_bucket(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Option<Answer> {
        let key = self.key(&ticket.route);
        if ticket.standing != Standing::Bucket(key.clone()) {
            self.quit(ticket);
            ticket.standing = Standing::Bucket(key.clone());
        }
        self.sweep(now);
        let hash = self.hashes.get(&ticket.route.template).cloned();
        let bucket = self.buckets.entry(key.clone()).or_default();
        let first = bucket.line.is_first(ticket.number);
        match bucket.gate(now) {
            Gate::Open if first => {
                bucket.take();
                bucket.line.leave(ticket.number);
                ticket.standing = Standing::Global(key);
                None
            }
            Gate::Until(until) if !ticket.patient => {
                self.quit(ticket);
                let limited = Limited {
                    until,
                    bucket: hash,
                    scope: Scope::User,
                };
                Some(Answer::Refused(Refusal::Limited(limited)))
            }
            gate => {
                bucket.line.wait(ticket.number, waker, ticket.patient);
                Some(Answer::Wait(match gate {
                    Gate::Until(until) if first => Some(until),
                    _ => None,
                }))
            }
        }
    }

    fn ask_global(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Answer {
        let Standing::Global(key) = ticket.standing.clone() else {
            return Answer::Wait(None);
        };
        if ticket.route.kind == Kind::Bot {
            let first = self.global.line.is_first(ticket.number);
            match self.global.gate(now) {
                Gate::Open if first => {
                    self.global.take(now);
                    self.global.line.leave(ticket.number);
                }
                Gate::Until(until) if !ticket.patient => {
                    self.quit(ticket);
                    let limited = Limited {
                        until,
                        bucket: None,
                        scope: Scope::Global,
                    };
                    return Answer::Refused(Refusal::Limited(limited));
                }
                gate => {
                    self.global.line.wait(ticket.number, waker, ticket.patient);
                    return Answer::Wait(match gate {
                        Gate::Until(until) if first => Some(until),
                        _ => None,
                    });
                }
            }
        }
        ticket.standing = Standing::Gone(Some(key));
        Answer::Leave
    }

    /// The request is over, answered or not, or its caller has gone away: it gives up its place.
    /// What it used of its bucket stays used, unless it never left.
    pub(crate) fn quit(&mut self, ticket: &mut Ticket) {
        match std::mem::replace(&mut ticket.standing, Standing::Outside) {
            Standing::Outside | Standing::Gone(None) => {}
            Standing::Closed => {
                let key = (ticket.route.template.clone(), ticket.route.major.clone());
                let Some(closed) = self.closed.get_mut(&key) else {
                    return;
                };
                closed.line.leave(ticket.number);
                if closed.line.is_empty() {
                    self.closed.remove(&key);
                }
            }
            Standing::Bucket(key) => {
                if let Some(bucket) = self.buckets.get_mut(&key) {
                    bucket.line.leave(ticket.number);
                }
            }
            Standing::Global(key) => {
                self.global.line.leave(ticket.number);
                if let Some(bucket) = self.buckets.get_mut(&key) {
                    bucket.give_back();
                    bucket.line.wake_first();
                }
            }
            Standing::Gone(Some(key)) => {
                if let Some(bucket) = self.buckets.get_mut(&key) {
                    bucket.returned();
                    bucket.line.wake_first();
                }
            }
        }
    }

    /// The caller does not want to wait that long.
    pub(crate) fn give_up(&mut self, ticket: &mut Ticket, until: Instant) -> Limited {
        let scope = match ticket.standing {
            Standing::Global(_) => Scope::Global,
            Standing::Closed => Scope::Shared,
            _ => Scope::User,
        };
        self.quit(ticket);
        let bucket = self.hashes.get(&ticket.route.template).cloned();
        Limited {
            until,
            bucket,
            scope,
        }
    }

    /// Takes a response in. For a 429 gives the limit that it tells of.
    pub(crate) fn heard(
        &mut self,
        ticket: &mut Ticket,
        response: &Response,
        headers: &LimitHeaders,
        now: Instant,
    ) -> Option<Limited> {
        let before = match &ticket.standing {
            Standing::Gone(Some(key)) => Some(key.clone()),
            _ => None,
        };
        self.quit(ticket);
        if response.status < 429 {
            self.bans = 0;
        }
        let limited =
            (response.status == 429).then(|| self.too_many(&ticket.route, response, headers, now));
        let Some(before) = before else { return limited };
        let key = self.learn(&ticket.route, headers.bucket.as_deref());
        let bucket = self.buckets.entry(key.clone()).or_default();
        // A response that says nothing says it for good only where Discord itself answered.
        if headers.count().is_some() || response.status < 429 {
            bucket.heard(headers, now);
        }
        if let Some(limited) = limited
            .as_ref()
            .filter(|limited| limited.scope == Scope::User)
            && headers.remaining.unwrap_or(0) == 0
        {
            bucket.refused(limited.until);
        }
        bucket.line.wake_first_and_impatient();
        if before != key
            && let Some(before) = self.buckets.get(&before)
        {
            before.line.wake_all();
        }
        limited
    }

    /// What a 429 closes besides its bucket.
    fn too_many(
        &mut self,
        route: &Route,
        response: &Response,
        headers: &LimitHeaders,
        now: Instant,
    ) -> Limited {
        let said = TooMany::read(response);
        let retry_after = said.retry_after.unwrap_or(UNSAID);
        let until = bucket::after(retry_after, now);
        if said.banned {
            let growing = BAN.saturating_mul(1 << self.bans.min(6));
            let until = bucket::after(said.retry_after.unwrap_or(growing), now);
            self.bans += 1;
            self.banned_until = self.banned_until.max(Some(until));
            self.global.line.wake_all();
            return Limited {
                until,
                bucket: None,
                scope: Scope::Address,
            };
        }
        if said.global {
            self.global.close(until);
            return Limited {
                until,
                bucket: None,
                scope: Scope::Global,
            };
        }
        let bucket = headers.bucket.as_deref().map(Arc::from);
        let shared = headers.scope.as_deref() == Some("shared");
        // With some remaining it is a limit of this route alone, such as that on renaming.
        if shared || headers.remaining.unwrap_or(0) > 0 {
            let key = (route.template.clone(), route.major.clone());
            let closed = self.closed.entry(key).or_insert_with(|| Closed {
                until,
                line: Line::default(),
            });
            closed.until = closed.until.max(until);
            return Limited {
                until,
                bucket,
                scope: if shared { Scope::Shared } else { Scope::User },
            };
        }
        Limited {
            until,
            bucket,
            scope: Scope::User,
        }
    }

    /// Counts a response against what Discord's guard allows; gives the number where it is worth
    /// a warning.
    pub(crate) fn count_invalid(
        &mut self,
        status: u16,
        scope: Option<&str>,
        now: Instant,
    ) -> Option<u32> {
        let invalid = matches!(status, 401 | 403) || status == 429 && scope != Some("shared");
        if invalid { self.invalid.add(now) } else { None }
    }

    /// Discord does not know the bot's token: no request with it is worth sending.
    pub(crate) fn refuse_token(&mut self) {
        self.token_refused = true;
    }

    fn key(&self, route: &Route) -> Key {
        let name = self.hashes.get(&route.template).cloned();
        (
            name.unwrap_or_else(|| (&*route.template).into()),
            (&*route.major).into(),
        )
    }

    /// A route's bucket is the one that Discord named last; some routes change between several.
    fn learn(&mut self, route: &Route, hash: Option<&str>) -> Key {
        if let Some(hash) = hash
            && self
                .hashes
                .get(&route.template)
                .is_none_or(|known| **known != *hash)
        {
            if self.hashes.len() >= 8 * MANY {
                // Far more than there are routes: paths that we take for templates and are none.
                self.hashes.clear();
            }
            self.hashes.insert(route.template.clone(), hash.into());
        }
        self.key(route)
    }

    /// Forgets what is over. Webhooks and interactions make keys without end.
    fn sweep(&mut self, now: Instant) {
        if self.buckets.len() < self.sweep_at && self.closed.len() < MANY {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        self.closed
            .retain(|_, closed| closed.until > now || !closed.line.is_empty());
        self.sweep_at = (2 * self.buckets.len()).max(MANY);
    }
}

#[cfg(test)]
mod tests;
