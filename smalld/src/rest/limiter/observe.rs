//! What the limiter learns from responses.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::RateLimitScope as Scope;
use crate::rest::limiter::admit::{Closed, Key, Limiter, MANY, Standing, Ticket, route_key};
use crate::rest::limiter::bucket::{self, Window};
use crate::rest::limiter::decision::Limited;
use crate::rest::limiter::headers::LimitHeaders;
use crate::rest::limiter::observation::{Observation, TooMany};
use crate::rest::limiter::route::{Kind, Route};
use crate::rest::limiter::wait_queue::Line;

/// Nothing is known of a 429 but that it is one.
const UNSAID: Duration = Duration::from_secs(1);
/// The guard's ban without a word on its length; doubled each time.
const BAN: Duration = Duration::from_secs(60);

impl Limiter {
    /// Takes a response in. For a 429 gives the limit that it tells of.
    pub(crate) fn heard(
        &mut self,
        ticket: &mut Ticket,
        observed: &Observation,
        now: Instant,
    ) -> Option<Limited> {
        let headers = &observed.limits;
        let before = match &ticket.standing {
            Standing::Gone(Some(key)) => Some(key.clone()),
            _ => None,
        };
        self.quit(ticket);
        if let Some(slot) = ticket.slot.take() {
            self.global.answered(slot, now);
        }
        if observed.status < 429 {
            self.bans = 0;
        }
        let too_many = observed.too_many.as_ref();
        let limited = too_many.map(|said| self.too_many(&ticket.route, said, headers, now));
        if let Some(limited) = &limited
            && limited.scope == Scope::Global
            && ticket.route.kind != Kind::Bot
        {
            // Outside the global limit it stands in no line that would hold it back.
            ticket.held = Some(limited.clone());
        }
        let Some(before) = before else {
            ticket.held.clone_from(&limited);
            return limited;
        };
        let key = self.learn(&ticket.route, headers.bucket.as_deref());
        let sent = (before == key).then_some(ticket.window);
        if before != key {
            self.move_line(&before, &key, &ticket.route);
        }
        self.count(&key, sent, observed.status, headers, limited.as_ref(), now);
        limited
    }

    fn count(
        &mut self,
        key: &Key,
        sent: Option<Window>,
        status: u16,
        headers: &LimitHeaders,
        limited: Option<&Limited>,
        now: Instant,
    ) {
        let bucket = self.buckets.entry(key.clone()).or_default();
        // A response that says nothing says it for good only where Discord itself answered.
        if headers.count().is_some() || status < 429 {
            let sent = sent.unwrap_or(bucket.window());
            bucket.heard(headers, sent, now);
        }
        if let Some(limited) = limited
            && limited.scope == Scope::User
            && headers.remaining.unwrap_or(0) == 0
        {
            bucket.refused(limited.until);
        }
        bucket.line.wake_first_and_impatient();
    }

    /// What a 429 closes besides its bucket.
    fn too_many(
        &mut self,
        route: &Route,
        said: &TooMany,
        headers: &LimitHeaders,
        now: Instant,
    ) -> Limited {
        if said.scope == Scope::Address {
            return self.banned(said.retry_after, now);
        }
        let until = bucket::after(said.retry_after.unwrap_or(UNSAID), now);
        if said.scope == Scope::Global {
            self.global.close(until);
            return Limited {
                until,
                bucket: None,
                scope: Scope::Global,
            };
        }
        let limited = Limited {
            until,
            bucket: headers.bucket.as_deref().map(Arc::from),
            scope: said.scope,
        };
        // With some remaining it is a limit of this route alone, such as that on renaming.
        if route.kind != Kind::Callback
            && (said.scope == Scope::Shared || headers.remaining.unwrap_or(0) > 0)
        {
            self.close(route, &limited);
        }
        limited
    }

    fn close(&mut self, route: &Route, limited: &Limited) {
        let closed = self
            .closed
            .entry(route_key(route))
            .or_insert_with(|| Closed {
                limited: limited.clone(),
                line: Line::default(),
            });
        if limited.until > closed.limited.until {
            closed.limited = limited.clone();
        }
    }

    /// The guard before Discord has banned this address: whoever waits is told.
    fn banned(&mut self, retry_after: Option<Duration>, now: Instant) -> Limited {
        let known = self.banned_until.filter(|&until| until > now);
        let until = match (retry_after, known) {
            (Some(retry_after), _) => bucket::after(retry_after, now),
            // Requests that were under way together are banned together, and once.
            (None, Some(known)) => known,
            (None, None) => {
                self.bans += 1;
                bucket::after(BAN.saturating_mul(1 << (self.bans - 1).min(6)), now)
            }
        };
        let until = known.map_or(until, |known| known.max(until));
        self.banned_until = Some(until);
        self.wake_everybody();
        Limited {
            until,
            bucket: None,
            scope: Scope::Address,
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
        self.wake_everybody();
    }

    /// Discord does not know this webhook any more.
    pub(crate) fn webhook_is_gone(&mut self, route: &Route) {
        if route.kind == Kind::Webhook {
            self.dead.add(Arc::clone(&route.major));
            self.wake_everybody();
        }
    }

    fn wake_everybody(&self) {
        self.global.line.wake_all();
        let closed = self.closed.values().map(|closed| &closed.line);
        let buckets = self.buckets.values().map(|bucket| &bucket.line);
        closed.chain(buckets).for_each(Line::wake_all);
    }

    /// A route's bucket is the one that Discord named last; some routes change between several.
    fn learn(&mut self, route: &Route, hash: Option<&str>) -> Key {
        let known = self.hashes.get(&route.template);
        let is_new = |hash: &&str| known.is_none_or(|known| **known != **hash);
        let before = self.key(route);
        let Some(hash) = hash.filter(is_new) else {
            return before;
        };
        if self.hashes.len() >= 8 * MANY {
            // Far more than there are routes: paths that we take for templates and are none.
            self.hashes.clear();
        }
        let template = Arc::clone(&route.template);
        self.hashes.insert(template, hash.into());
        let key = self.key(route);
        self.move_line(&before, &key, route);
        key
    }

    /// Whoever waits for a route's old bucket waits for the new one from now on. All who wait for
    /// one that had no name yet are of this route and move in their order; among others there may
    /// be some of other routes, and each has to see for itself.
    fn move_line(&mut self, before: &Key, key: &Key, route: &Route) {
        let Some(left) = self.buckets.get_mut(before) else {
            return;
        };
        left.line.wake_all();
        if before.0 == route.template {
            let line = std::mem::take(&mut left.line);
            let bucket = self.buckets.entry(key.clone()).or_default();
            bucket.line.join(line);
        }
    }
}
