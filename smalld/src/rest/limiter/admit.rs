//! Admission: decides which request may leave when.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::error::RateLimitScope as Scope;
use crate::rest::limiter::bucket::{Bucket, Gate, Window};
use crate::rest::limiter::dead_webhooks::DeadWebhooks;
use crate::rest::limiter::decision::{Answer, Limited, Patience, Refusal};
use crate::rest::limiter::global::{GlobalLimit, Slot};
use crate::rest::limiter::invalid_requests::InvalidRequests;
use crate::rest::limiter::route::{Kind, Route};
use crate::rest::limiter::wait_queue::Line;

/// How many buckets, and how many routes, are held before the idle ones are looked for.
pub(super) const MANY: usize = 1_024;

/// A bucket's name (Discord's hash, or the route where there is none yet) and top-level resource.
pub(super) type Key = (Arc<str>, Arc<str>);

#[derive(Debug)]
pub(crate) struct Limiter {
    pub(super) tickets: u64,
    /// Which bucket a route was last said to belong to.
    pub(super) hashes: HashMap<Arc<str>, Arc<str>>,
    pub(super) buckets: HashMap<Key, Bucket>,
    pub(super) sweep_at: usize,
    /// Routes that are closed on their own, their bucket open: sub-limits and shared ones.
    pub(super) closed: HashMap<Key, Closed>,
    pub(super) global: GlobalLimit,
    pub(super) invalid: InvalidRequests,
    pub(super) bans: u32,
    pub(super) banned_until: Option<Instant>,
    pub(super) token_refused: bool,
    pub(super) dead: DeadWebhooks,
}

#[derive(Debug)]
pub(super) struct Closed {
    pub(super) limited: Limited,
    pub(super) line: Line,
}

/// A request's claim to leave, kept over its retries.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) number: u64,
    pub(super) route: Route,
    pub(super) patience: Patience,
    pub(super) standing: Standing,
    /// In which window of its bucket it left last.
    pub(super) window: Window,
    /// What it takes of the global limit.
    pub(super) slot: Option<Slot>,
    /// A limit that is its own business, because it stands in no line for it.
    pub(super) held: Option<Limited>,
}

/// In which line a ticket stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    Outside,
    Closed,
    Bucket(Key),
    /// Through the bucket's gate, with one of its requests in hand.
    Global(Key),
    /// Under way.
    Gone(Option<Key>),
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
            dead: DeadWebhooks::default(),
        }
    }

    /// Takes a request in. It is refused where it would have to wait for longer than its patience.
    pub(crate) fn enter(&mut self, route: Route, patience: Patience) -> Ticket {
        self.tickets += 1;
        Ticket {
            number: self.tickets,
            route,
            patience,
            standing: Standing::Outside,
            window: Window::default(),
            slot: None,
            held: None,
        }
    }

    /// Asks whether it may leave now. If not, `waker` is woken when it is worth asking again.
    pub(crate) fn ask(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Answer {
        if let Some(refusal) = self.refusal(&ticket.route, now) {
            self.quit(ticket);
            return Answer::Refused(refusal);
        }
        if let Some(held) = ticket.held.take_if(|held| held.until > now) {
            let until = held.until;
            if !ticket.patience.bears(until) {
                return self.refuse(ticket, held);
            }
            ticket.held = Some(held);
            return Answer::Wait(Some(until));
        }
        if ticket.route.kind == Kind::Callback {
            ticket.standing = Standing::Gone(None);
            return Answer::Leave;
        }
        if !self.is_through(ticket, now) {
            if let Some(answer) = self.ask_closed(ticket, now, waker) {
                return answer;
            }
            if let Some(answer) = self.ask_bucket(ticket, now, waker) {
                return answer;
            }
        }
        self.ask_global(ticket, now, waker)
    }

    /// What holds for a request however limits are treated: nothing good can come of sending it.
    pub(crate) fn barred(&self, route: &Route) -> Option<Refusal> {
        match route.kind {
            Kind::Bot if self.token_refused && route.with_bot_token => Some(Refusal::TokenRefused),
            Kind::Webhook if self.dead.contains(&route.major) => Some(Refusal::WebhookGone),
            _ => None,
        }
    }

    /// What holds for every request from here, whatever its bucket.
    fn refusal(&mut self, route: &Route, now: Instant) -> Option<Refusal> {
        let limited = |until, scope| {
            Some(Refusal::Limited(Limited {
                until,
                bucket: None,
                scope,
            }))
        };
        if let Some(until) = self.banned_until.filter(|&until| until > now) {
            return limited(until, Scope::Address);
        }
        if let Some(refusal) = self.barred(route) {
            return Some(refusal);
        }
        match self.invalid.spent(now) {
            // Three seconds to answer somebody matter more than the last of the budget.
            Some(until) if !matches!(route.kind, Kind::Callback | Kind::FollowUp) => {
                limited(until, Scope::InvalidRequests)
            }
            _ => None,
        }
    }

    /// Whether it is past its bucket, which no 429 has closed behind it.
    fn is_through(&mut self, ticket: &mut Ticket, now: Instant) -> bool {
        let Standing::Global(key) = &ticket.standing else {
            return false;
        };
        let refused = self
            .buckets
            .get(key)
            .is_some_and(|bucket| bucket.is_refused(now));
        let closed = self.closed_until(&ticket.route, now).is_some();
        if refused || closed {
            self.quit(ticket);
        }
        !(refused || closed)
    }

    fn closed_until(&self, route: &Route, now: Instant) -> Option<Instant> {
        if self.closed.is_empty() {
            return None;
        }
        let closed = self.closed.get(&route_key(route))?;
        Some(closed.limited.until).filter(|&until| until > now)
    }

    fn ask_closed(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Option<Answer> {
        let Some(until) = self.closed_until(&ticket.route, now) else {
            if ticket.standing == Standing::Closed {
                self.quit(ticket);
            }
            return None;
        };
        let key = route_key(&ticket.route);
        if !ticket.patience.bears(until) {
            let limited = self.closed.get(&key)?.limited.clone();
            return Some(self.refuse(ticket, limited));
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
        if !matches!(&ticket.standing, Standing::Bucket(standing) if *standing == key) {
            self.quit(ticket);
            ticket.standing = Standing::Bucket(key.clone());
        }
        self.sweep(now);
        let bucket = self.buckets.entry(key.clone()).or_default();
        let first = bucket.line.is_first(ticket.number);
        match bucket.gate(now) {
            Gate::Open if first => {
                ticket.window = bucket.take();
                bucket.line.leave(ticket.number);
                ticket.standing = Standing::Global(key);
                None
            }
            Gate::Until(until) if !ticket.patience.bears(until) => {
                let bucket = self.hashes.get(&ticket.route.template).cloned();
                let limited = Limited {
                    until,
                    bucket,
                    scope: Scope::User,
                };
                Some(self.refuse(ticket, limited))
            }
            gate => {
                let patient = ticket.patience != Patience::None;
                bucket.line.wait(ticket.number, waker, patient);
                Some(Answer::Wait(gate.watched_by(first)))
            }
        }
    }

    fn ask_global(&mut self, ticket: &mut Ticket, now: Instant, waker: &Waker) -> Answer {
        if ticket.route.kind == Kind::Bot {
            let first = self.global.line.is_first(ticket.number);
            match self.global.gate(now) {
                Gate::Open if first => {
                    ticket.slot = Some(self.global.take(ticket.number, now));
                    self.global.line.leave(ticket.number);
                }
                Gate::Until(until) if !ticket.patience.bears(until) && self.global.forbids(now) => {
                    let limited = Limited {
                        until,
                        bucket: None,
                        scope: Scope::Global,
                    };
                    return self.refuse(ticket, limited);
                }
                gate => {
                    let patient = ticket.patience != Patience::None;
                    self.global.line.wait(ticket.number, waker, patient);
                    return Answer::Wait(gate.watched_by(first));
                }
            }
        }
        if let Standing::Global(key) = std::mem::replace(&mut ticket.standing, Standing::Outside) {
            ticket.standing = Standing::Gone(Some(key));
        }
        Answer::Leave
    }

    /// Its caller's time is up: gives what it was waiting for, if that is a limit.
    pub(crate) fn give_up(&mut self, ticket: &mut Ticket, now: Instant) -> Option<Refusal> {
        ticket.patience = Patience::None;
        let answer = self.ask(ticket, now, Waker::noop());
        self.quit(ticket);
        match answer {
            Answer::Refused(refusal) => Some(refusal),
            Answer::Leave | Answer::Wait(_) => None,
        }
    }

    fn refuse(&mut self, ticket: &mut Ticket, limited: Limited) -> Answer {
        self.quit(ticket);
        Answer::Refused(Refusal::Limited(limited))
    }

    /// The request is over, answered or not, or its caller has gone away: it gives up its place.
    /// What it used of its bucket stays used, unless it never left.
    pub(crate) fn quit(&mut self, ticket: &mut Ticket) {
        match std::mem::replace(&mut ticket.standing, Standing::Outside) {
            Standing::Outside | Standing::Gone(None) => {}
            Standing::Closed => {
                let key = route_key(&ticket.route);
                let Some(closed) = self.closed.get_mut(&key) else {
                    return;
                };
                closed.line.leave(ticket.number);
            }
            Standing::Bucket(key) => {
                let bucket = self.buckets.get_mut(&key);
                let stood = bucket.is_some_and(|bucket| bucket.line.leave(ticket.number));
                // The line may have moved to another bucket, and on, while it did not look.
                if !stood && key != self.key(&ticket.route) {
                    for bucket in self.buckets.values_mut() {
                        bucket.line.leave(ticket.number);
                    }
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

    pub(super) fn key(&self, route: &Route) -> Key {
        let name = self.hashes.get(&route.template).unwrap_or(&route.template);
        (Arc::clone(name), Arc::clone(&route.major))
    }

    /// Forgets what is over. Webhooks and interactions make keys without end.
    fn sweep(&mut self, now: Instant) {
        if self.buckets.len() + self.closed.len() < self.sweep_at {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        self.closed
            .retain(|_, closed| closed.limited.until > now || !closed.line.is_empty());
        self.sweep_at = (2 * (self.buckets.len() + self.closed.len())).max(MANY);
    }
}

/// A route under a top-level resource, whatever bucket it belongs to.
pub(super) fn route_key(route: &Route) -> Key {
    (Arc::clone(&route.template), Arc::clone(&route.major))
}
