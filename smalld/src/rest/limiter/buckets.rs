//! All buckets, by Discord's names for them. Pure.
//!
//! Discord names the bucket of a route in the route's first response. Until then, each top-level
//! resource has an unnamed bucket for the route. When the name is known, all of these get it: a
//! bucket that is the first of its name keeps its state, and others are merged into the bucket that
//! already has the name. Requests hold their bucket by an id that stays valid, so none of them has
//! to be searched.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::rest::limiter::bucket::Bucket;
use crate::rest::limiter::route::Route;

/// With more buckets than this, idle ones are removed.
pub(super) const MIN_SWEEP: usize = 1_024;
/// Far more than the number of Discord's routes. With more, paths were mistaken for templates.
const MAX_NAMES: usize = 8 * MIN_SWEEP;

/// Discord's hash and a top-level resource.
type Key = (Arc<str>, Arc<str>);

#[derive(Debug)]
pub(super) struct Buckets {
    /// The hash that Discord named last, by the route's template.
    names: HashMap<Arc<str>, Arc<str>>,
    named: HashMap<Key, BucketId>,
    /// By template, then by top-level resource.
    unnamed: HashMap<Arc<str>, HashMap<Arc<str>, BucketId>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    pub(super) sweep_at: usize,
    /// Number of slots that were inspected, so that tests can check what naming a route costs.
    #[cfg(test)]
    pub(super) visits: usize,
}

/// A bucket. Code that keeps one calls [`Buckets::hold`], and later [`Buckets::release`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BucketId(usize);

#[derive(Debug)]
struct Slot {
    content: Content,
    /// How many requests hold its id.
    holders: usize,
}

#[derive(Debug)]
enum Content {
    Empty,
    Bucket(Box<Bucket>),
    /// It was merged into this bucket, which has a name and is never merged.
    MovedTo(usize),
}

impl Buckets {
    pub(super) fn new() -> Self {
        Self {
            names: HashMap::new(),
            named: HashMap::new(),
            unnamed: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            sweep_at: MIN_SWEEP,
            #[cfg(test)]
            visits: 0,
        }
    }

    /// The hash of the route's bucket, if it has a name.
    pub(super) fn name_of(&self, route: &Route) -> Option<&Arc<str>> {
        self.names.get(&route.template)
    }

    /// The bucket of a route, as far as it is known.
    pub(super) fn find(&mut self, route: &Route) -> BucketId {
        let Some(hash) = self.names.get(&route.template) else {
            let known = self.unnamed.get(&route.template);
            if let Some(&id) = known.and_then(|majors| majors.get(&route.major)) {
                return id;
            }
            let id = self.insert();
            let majors = self.unnamed.entry(Arc::clone(&route.template));
            let majors = majors.or_default();
            majors.insert(Arc::clone(&route.major), id);
            return id;
        };
        let key = (Arc::clone(hash), Arc::clone(&route.major));
        if let Some(&id) = self.named.get(&key) {
            return id;
        }
        let id = self.insert();
        self.named.insert(key, id);
        id
    }

    /// `id` must have just been found, or be held.
    pub(super) fn get(&mut self, id: BucketId) -> &mut Bucket {
        #[cfg(test)]
        {
            self.visits += 1;
        }
        let place = self.place(id);
        match &mut self.slots[place].content {
            Content::Bucket(bucket) => bucket,
            Content::Empty | Content::MovedTo(_) => unreachable!("ids that are held stay valid"),
        }
    }

    /// Whether both are the same bucket.
    pub(super) fn is_same(&self, one: BucketId, other: BucketId) -> bool {
        self.place(one) == self.place(other)
    }

    /// Whether it has been merged into another bucket since it was found.
    pub(super) fn is_moved(&self, id: BucketId) -> bool {
        self.place(id) != id.0
    }

    #[cfg(test)]
    pub(super) fn named(&self, hash: &str, major: &str) -> Option<BucketId> {
        self.named.get(&(hash.into(), major.into())).copied()
    }

    fn place(&self, BucketId(place): BucketId) -> usize {
        match self.slots[place].content {
            Content::MovedTo(place) => place,
            Content::Bucket(_) | Content::Empty => place,
        }
    }

    /// Prevents the removal of the bucket.
    pub(super) fn hold(&mut self, BucketId(place): BucketId) {
        self.slots[place].holders += 1;
    }

    pub(super) fn release(&mut self, BucketId(place): BucketId) {
        let slot = &mut self.slots[place];
        slot.holders = slot.holders.saturating_sub(1);
        if slot.holders == 0 && matches!(slot.content, Content::MovedTo(_)) {
            self.remove(place);
        }
    }

    /// Names the bucket of this route, as Discord did in a response.
    ///
    /// The cost is one step for each unnamed bucket of the route, however many others there are. If
    /// the route had another name, the requests that wait in the bucket of that name are woken,
    /// because some of them may belong to this route.
    pub(super) fn name(&mut self, route: &Route, hash: &str) {
        let known = self.names.get(&route.template);
        if known.is_some_and(|known| **known == *hash) {
            return;
        }
        let old = known.is_some().then(|| self.find(route));
        if self.names.len() >= MAX_NAMES {
            self.names.clear();
        }
        let hash: Arc<str> = hash.into();
        self.names
            .insert(Arc::clone(&route.template), Arc::clone(&hash));
        if let Some(old) = old {
            self.get(old).queue.wake_all();
        }
        for (major, id) in self.unnamed.remove(&route.template).unwrap_or_default() {
            self.give_name((Arc::clone(&hash), major), id);
        }
    }

    fn give_name(&mut self, key: Key, BucketId(place): BucketId) {
        #[cfg(test)]
        {
            self.visits += 1;
        }
        let Some(&BucketId(known)) = self.named.get(&key) else {
            self.named.insert(key, BucketId(place));
            return;
        };
        let moved = std::mem::replace(&mut self.slots[place].content, Content::MovedTo(known));
        if let Content::Bucket(moved) = moved {
            self.get(BucketId(known)).absorb(*moved);
        }
        if self.slots[place].holders == 0 {
            self.remove(place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.slots.iter().filter_map(|slot| match &slot.content {
            Content::Bucket(bucket) => Some(&**bucket),
            Content::Empty | Content::MovedTo(_) => None,
        })
    }

    fn insert(&mut self) -> BucketId {
        let slot = Slot {
            content: Content::Bucket(Box::default()),
            holders: 0,
        };
        let Some(place) = self.free.pop() else {
            self.slots.push(slot);
            return BucketId(self.slots.len() - 1);
        };
        self.slots[place] = slot;
        BucketId(place)
    }

    fn remove(&mut self, place: usize) {
        self.slots[place].content = Content::Empty;
        self.free.push(place);
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Removes idle buckets if there are many, because webhooks and interactions create ever more
    /// keys.
    pub(super) fn sweep(&mut self, now: Instant) {
        if self.len() < self.sweep_at {
            return;
        }
        let mut idle = vec![false; self.slots.len()];
        for (slot, idle) in self.slots.iter_mut().zip(&mut idle) {
            if let Content::Bucket(bucket) = &mut slot.content {
                *idle = slot.holders == 0 && bucket.is_idle(now);
            }
        }
        let stays = |id: &mut BucketId| !idle[id.0];
        self.named.retain(|_, id| stays(id));
        self.unnamed.retain(|_, majors| {
            majors.retain(|_, id| stays(id));
            !majors.is_empty()
        });
        for place in (0..idle.len()).filter(|&place| idle[place]) {
            self.remove(place);
        }
        self.sweep_at = (2 * self.len()).max(MIN_SWEEP);
    }
}
