//! Effects of responses on the limiter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::RateLimitScope as Scope;
use crate::rest::limiter::admit::{Claim, Closed, Limiter, Stage, route_key};
use crate::rest::limiter::buckets::BucketId;
use crate::rest::limiter::decision::Limited;
use crate::rest::limiter::observation::{Observation, TooMany};
use crate::rest::limiter::route::{Kind, Route};
use crate::rest::limiter::timing::after;
use crate::rest::limiter::wait_queue::WaitQueue;

/// The wait if a 429 gives none.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);
/// Length of a ban if the response does not give one; doubled each time, up to an hour.
const DEFAULT_BAN: Duration = Duration::from_secs(60);

impl Limiter {
    /// Processes a response. For a 429, returns the limit that was reached.
    pub(crate) fn observe(
        &mut self,
        claim: &mut Claim,
        observed: &Observation,
        now: Instant,
    ) -> Option<Limited> {
        let stage = std::mem::replace(&mut claim.stage, Stage::New);
        let sent = claim.sent.take();
        if let Some(slot) = claim.slot.take() {
            self.global.answered(slot, now);
        }
        if observed.status < 429 {
            self.bans = 0;
        }
        let too_many = observed.too_many.as_ref();
        let limited = too_many.map(|said| self.close_for(&claim.route, said, observed, now));
        if let Stage::InFlight(Some(id)) = stage {
            let sent = sent.unwrap_or(now);
            self.count(claim, id, sent, observed, limited.as_ref(), now);
            self.buckets.release(id);
            let is_held = claim.route.kind != Kind::Bot
                && limited.as_ref().is_some_and(|it| it.scope == Scope::Global);
            if is_held {
                // Outside the global limit it waits in no queue.
                claim.held.clone_from(&limited);
            }
        } else {
            claim.stage = stage;
            self.quit(claim);
            claim.held.clone_from(&limited);
        }
        limited
    }

    /// Counts the response in the bucket that Discord counted the request in.
    fn count(
        &mut self,
        claim: &Claim,
        id: BucketId,
        sent: Instant,
        observed: &Observation,
        limited: Option<&Limited>,
        now: Instant,
    ) {
        let limits = &observed.limits;
        let counted_in = match limits.bucket.as_deref() {
            Some(hash) => {
                self.buckets.name(&claim.route, hash);
                self.buckets.find(&claim.route)
            }
            None => id,
        };
        if !self.buckets.is_same(id, counted_in) {
            let left = self.buckets.get(id);
            left.give_back();
            left.queue.wake_first();
            self.buckets.get(counted_in).adopt();
        }
        let is_named = self.buckets.name_of(&claim.route).is_some();
        // A response without limits means that there are none if Discord wrote it, and if no other
        // response has named a bucket.
        let tells = limits.count().is_some() || observed.status < 429 && !is_named;
        let bucket = self.buckets.get(counted_in);
        if limited.is_some_and(|limited| limited.scope == Scope::Shared) {
            // It was not counted, and its headers are not about this bot's own limit.
            bucket.give_back();
        } else {
            bucket.answer(tells.then_some(limits), sent, now);
        }
        if let Some(limited) = limited
            && limited.scope == Scope::User
            && limits.remaining.unwrap_or(0) == 0
        {
            bucket.close(limited.until);
        }
        bucket.queue.wake_first_and_impatient();
    }

    /// Closes everything that a 429 closes, except its bucket.
    fn close_for(
        &mut self,
        route: &Route,
        said: &TooMany,
        observed: &Observation,
        now: Instant,
    ) -> Limited {
        if said.scope == Scope::Address {
            return self.ban(said.retry_after, now);
        }
        let until = after(said.retry_after.unwrap_or(DEFAULT_RETRY_AFTER), now);
        if said.scope == Scope::Global {
            self.global.close(until);
            return Limited {
                until,
                bucket: None,
                scope: Scope::Global,
            };
        }
        let limits = &observed.limits;
        let limited = Limited {
            until,
            bucket: limits.bucket.as_deref().map(Arc::from),
            scope: said.scope,
        };
        // If some remain, it is a limit of this route alone, such as the one on renaming a channel.
        let is_sub_limit = limits.remaining.unwrap_or(0) > 0;
        if route.kind != Kind::Callback && (said.scope == Scope::Shared || is_sub_limit) {
            self.close_route(route, &limited);
        }
        limited
    }

    fn close_route(&mut self, route: &Route, limited: &Limited) {
        let closed = self.closed.entry(route_key(route));
        let closed = closed.or_insert_with(|| Closed {
            limited: limited.clone(),
            queue: WaitQueue::default(),
        });
        if limited.until > closed.limited.until {
            closed.limited = limited.clone();
        }
    }

    /// Cloudflare, in front of Discord, has banned this address: all waiting requests are refused.
    fn ban(&mut self, retry_after: Option<Duration>, now: Instant) -> Limited {
        let known = self.banned_until.filter(|&until| until > now);
        let until = match (retry_after, known) {
            (Some(retry_after), _) => after(retry_after, now),
            // Requests that were in flight together count as one ban.
            (None, Some(known)) => known,
            (None, None) => {
                self.bans += 1;
                let doublings = (self.bans - 1).min(6);
                after(DEFAULT_BAN.saturating_mul(1 << doublings), now)
            }
        };
        let until = known.map_or(until, |known| known.max(until));
        self.banned_until = Some(until);
        self.wake_all();
        Limited {
            until,
            bucket: None,
            scope: Scope::Address,
        }
    }

    /// Counts a response against the budget of invalid requests. Returns the count if it is worth a
    /// warning.
    pub(crate) fn count_invalid(
        &mut self,
        status: u16,
        scope: Option<&str>,
        now: Instant,
    ) -> Option<u32> {
        let is_invalid = matches!(status, 401 | 403) || status == 429 && scope != Some("shared");
        if is_invalid {
            self.invalid.add(now)
        } else {
            None
        }
    }

    /// Discord refused the bot's token, so no request with it is sent again.
    pub(crate) fn refuse_token(&mut self) {
        self.token_refused = true;
        self.wake_all();
    }

    /// The webhook no longer exists.
    pub(crate) fn webhook_is_gone(&mut self, route: &Route) {
        if route.kind == Kind::Webhook {
            self.dead.add(Arc::clone(&route.major));
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        self.global.queue.wake_all();
        let closed = self.closed.values().map(|closed| &closed.queue);
        let buckets = self.buckets.iter().map(|bucket| &bucket.queue);
        closed.chain(buckets).for_each(WaitQueue::wake_all);
    }
}
