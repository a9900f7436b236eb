//! Admission: whether a request may be sent now, and what it waits for if not.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::error::RateLimitScope as Scope;
use crate::rest::limiter::bucket::Gate;
use crate::rest::limiter::buckets::{BucketId, Buckets, MIN_SWEEP};
use crate::rest::limiter::dead_webhooks::DeadWebhooks;
use crate::rest::limiter::decision::{Decision, Limited, Patience, Refusal};
use crate::rest::limiter::global::{GlobalLimit, Slot};
use crate::rest::limiter::invalid_requests::InvalidRequests;
use crate::rest::limiter::route::{Kind, Route};
use crate::rest::limiter::wait_queue::WaitQueue;

/// The state of all rate limits of one bot.
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(super) claims: u64,
    pub(super) buckets: Buckets,
    /// Routes that are closed while their bucket is open: by sub-limits and shared limits.
    pub(super) closed: HashMap<RouteKey, Closed>,
    pub(super) sweep_closed_at: usize,
    pub(super) global: GlobalLimit,
    pub(super) invalid: InvalidRequests,
    pub(super) bans: u32,
    pub(super) banned_until: Option<Instant>,
    pub(super) token_refused: bool,
    pub(super) dead: DeadWebhooks,
}

/// Template and top-level resource of a route, whatever bucket it belongs to.
pub(super) type RouteKey = (Arc<str>, Arc<str>);

#[derive(Debug)]
pub(super) struct Closed {
    pub(super) limited: Limited,
    pub(super) queue: WaitQueue,
}

/// A request's claim to be sent, kept over its retries.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Its rank in every queue, so that a request that got a 429 takes up its old place.
    number: u64,
    pub(super) route: Route,
    patience: Patience,
    pub(super) stage: Stage,
    /// When it was last sent.
    pub(super) sent: Option<Instant>,
    /// Its part of the global limit.
    pub(super) slot: Option<Slot>,
    /// A limit that concerns this request alone, because it waits in no queue for it.
    pub(super) held: Option<Limited>,
}

/// Progress of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stage {
    New,
    /// Waits for its route to open.
    AtRoute,
    /// Waits for its bucket.
    AtBucket(BucketId),
    /// Its bucket has admitted it; it waits for the global limit.
    AtGlobal(BucketId),
    /// It was sent. Interactions are answered without a bucket.
    InFlight(Option<BucketId>),
}

impl Limiter {
    pub(crate) fn new(global_limit: u32) -> Self {
        Self {
            claims: 0,
            buckets: Buckets::new(),
            closed: HashMap::new(),
            sweep_closed_at: MIN_SWEEP,
            global: GlobalLimit::new(global_limit),
            invalid: InvalidRequests::default(),
            bans: 0,
            banned_until: None,
            token_refused: false,
            dead: DeadWebhooks::default(),
        }
    }

    /// Creates a claim for a new request, which is after all earlier ones.
    pub(crate) fn claim(&mut self, route: Route, patience: Patience) -> Claim {
        self.claims += 1;
        Claim {
            number: self.claims,
            route,
            patience,
            stage: Stage::New,
            sent: None,
            slot: None,
            held: None,
        }
    }

    /// Decides whether the request may be sent now. If not, `waker` is woken when it should ask
    /// again. It is refused if it would have to wait for longer than its patience.
    pub(crate) fn ask(&mut self, claim: &mut Claim, now: Instant, waker: &Waker) -> Decision {
        if let Some(refusal) = self.refusal(&claim.route, now) {
            self.quit(claim);
            return Decision::Refuse(refusal);
        }
        if let Some(held) = claim.held.take_if(|held| held.until > now) {
            let until = held.until;
            if !claim.patience.allows(until) {
                return self.refuse(claim, held);
            }
            claim.held = Some(held);
            return Decision::Wait(Some(until));
        }
        if claim.route.kind == Kind::Callback {
            claim.stage = Stage::InFlight(None);
            return Decision::Leave;
        }
        if !self.is_through(claim, now) {
            if let Some(decision) = self.ask_route(claim, now, waker) {
                return decision;
            }
            if let Some(decision) = self.ask_bucket(claim, now, waker) {
                return decision;
            }
        }
        self.ask_global(claim, now, waker)
    }

    /// Reasons to refuse a request even with [`RateLimits::Off`](crate::rest::RateLimits::Off),
    /// because sending it can only do harm.
    pub(crate) fn barred(&self, route: &Route) -> Option<Refusal> {
        match route.kind {
            Kind::Bot if self.token_refused && route.with_bot_token => Some(Refusal::TokenRefused),
            Kind::Webhook if self.dead.contains(&route.major) => Some(Refusal::WebhookGone),
            _ => None,
        }
    }

    /// Reasons to refuse a request whatever its bucket.
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
            // A user who waits three seconds for an answer matters more than the rest of the budget.
            Some(until) if !matches!(route.kind, Kind::Callback | Kind::FollowUp) => {
                limited(until, Scope::InvalidRequests)
            }
            _ => None,
        }
    }

    /// Whether the request is past its bucket, and still may be.
    fn is_through(&mut self, claim: &mut Claim, now: Instant) -> bool {
        let Stage::AtGlobal(id) = claim.stage else {
            return false;
        };
        // The request's bucket was merged with another, and had admitted it without counting the
        // requests of that one.
        let is_closed = self.buckets.is_moved(id)
            || self.buckets.get(id).is_closed(now)
            || self.route_closed_until(&claim.route, now).is_some();
        if is_closed {
            self.quit(claim);
        }
        !is_closed
    }

    fn route_closed_until(&self, route: &Route, now: Instant) -> Option<Instant> {
        if self.closed.is_empty() {
            return None;
        }
        let closed = self.closed.get(&route_key(route))?;
        Some(closed.limited.until).filter(|&until| until > now)
    }

    fn ask_route(&mut self, claim: &mut Claim, now: Instant, waker: &Waker) -> Option<Decision> {
        let Some(until) = self.route_closed_until(&claim.route, now) else {
            if claim.stage == Stage::AtRoute {
                self.quit(claim);
            }
            return None;
        };
        let key = route_key(&claim.route);
        if !claim.patience.allows(until) {
            let limited = self.closed.get(&key)?.limited.clone();
            return Some(self.refuse(claim, limited));
        }
        if claim.stage != Stage::AtRoute {
            self.quit(claim);
            claim.stage = Stage::AtRoute;
        }
        let queue = &mut self.closed.get_mut(&key)?.queue;
        queue.wait(claim.number, waker, true);
        let is_first = queue.is_first(claim.number);
        Some(Decision::Wait(is_first.then_some(until)))
    }

    fn ask_bucket(&mut self, claim: &mut Claim, now: Instant, waker: &Waker) -> Option<Decision> {
        self.sweep(now);
        let id = self.buckets.find(&claim.route);
        let stays = matches!(claim.stage, Stage::AtBucket(held) if self.buckets.is_same(held, id));
        if !stays {
            self.quit(claim);
            self.buckets.hold(id);
            claim.stage = Stage::AtBucket(id);
        }
        let bucket = self.buckets.get(id);
        let is_first = bucket.queue.is_first(claim.number);
        match bucket.gate(now) {
            Gate::Open if is_first => {
                bucket.take();
                bucket.queue.leave(claim.number);
                if let Stage::AtBucket(held) = claim.stage {
                    claim.stage = Stage::AtGlobal(held);
                }
                None
            }
            Gate::Until(until) if !claim.patience.allows(until) => {
                let limited = Limited {
                    until,
                    bucket: self.buckets.name_of(&claim.route).cloned(),
                    scope: Scope::User,
                };
                Some(self.refuse(claim, limited))
            }
            gate => {
                let is_patient = claim.patience != Patience::None;
                bucket.queue.wait(claim.number, waker, is_patient);
                Some(Decision::Wait(gate.watched_by(is_first)))
            }
        }
    }

    fn ask_global(&mut self, claim: &mut Claim, now: Instant, waker: &Waker) -> Decision {
        if claim.route.kind == Kind::Bot {
            let is_first = self.global.queue.is_first(claim.number);
            match self.global.gate(now) {
                Gate::Open if is_first => {
                    claim.slot = Some(self.global.take(claim.number, now));
                    self.global.queue.leave(claim.number);
                }
                Gate::Until(until) if !claim.patience.allows(until) && self.global.forbids(now) => {
                    let limited = Limited {
                        until,
                        bucket: None,
                        scope: Scope::Global,
                    };
                    return self.refuse(claim, limited);
                }
                gate => {
                    let is_patient = claim.patience != Patience::None;
                    self.global.queue.wait(claim.number, waker, is_patient);
                    return Decision::Wait(gate.watched_by(is_first));
                }
            }
        }
        if let Stage::AtGlobal(id) = claim.stage {
            claim.stage = Stage::InFlight(Some(id));
        }
        claim.sent = Some(now);
        Decision::Leave
    }

    /// The request has timed out. Returns the limit that it was waiting for, if any.
    pub(crate) fn give_up(&mut self, claim: &mut Claim, now: Instant) -> Option<Refusal> {
        claim.patience = Patience::None;
        let decision = self.ask(claim, now, Waker::noop());
        if decision == Decision::Leave {
            self.unsend(claim);
        }
        self.quit(claim);
        match decision {
            Decision::Refuse(refusal) => Some(refusal),
            Decision::Leave | Decision::Wait(_) => None,
        }
    }

    /// A request that was admitted was not sent.
    fn unsend(&mut self, claim: &mut Claim) {
        if let Stage::InFlight(Some(id)) = claim.stage {
            claim.stage = Stage::AtGlobal(id);
        }
        if let Some(slot) = claim.slot.take() {
            self.global.give_back(slot);
        }
    }

    fn refuse(&mut self, claim: &mut Claim, limited: Limited) -> Decision {
        self.quit(claim);
        Decision::Refuse(Refusal::Limited(limited))
    }

    /// The request failed without a response, or its future was dropped: it gives up its place,
    /// wherever that is. If it was sent, it stays counted.
    pub(crate) fn quit(&mut self, claim: &mut Claim) {
        let stage = std::mem::replace(&mut claim.stage, Stage::New);
        let (number, sent) = (claim.number, claim.sent.take());
        match stage {
            Stage::New | Stage::InFlight(None) => {}
            Stage::AtRoute => {
                if let Some(closed) = self.closed.get_mut(&route_key(&claim.route)) {
                    closed.queue.leave(number);
                }
            }
            Stage::AtBucket(id) => {
                self.buckets.get(id).queue.leave(number);
                self.buckets.release(id);
            }
            Stage::AtGlobal(id) => {
                self.global.queue.leave(number);
                let bucket = self.buckets.get(id);
                bucket.give_back();
                bucket.queue.wake_first();
                self.buckets.release(id);
            }
            Stage::InFlight(Some(id)) => {
                let bucket = self.buckets.get(id);
                match sent {
                    Some(sent) => bucket.lose(sent),
                    None => bucket.give_back(),
                }
                bucket.queue.wake_first();
                self.buckets.release(id);
            }
        }
    }

    /// Removes what no longer applies.
    fn sweep(&mut self, now: Instant) {
        self.buckets.sweep(now);
        if self.closed.len() < self.sweep_closed_at {
            return;
        }
        self.closed
            .retain(|_, closed| closed.limited.until > now || !closed.queue.is_empty());
        self.sweep_closed_at = (2 * self.closed.len()).max(MIN_SWEEP);
    }
}

pub(super) fn route_key(route: &Route) -> RouteKey {
    (Arc::clone(&route.template), Arc::clone(&route.major))
}
