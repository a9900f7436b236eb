//! Webhooks that do not exist any more. Calling them counts as invalid requests. Pure.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How many are remembered; the oldest are forgotten first.
const MAX_KNOWN: usize = 1_024;

/// Webhooks by `id/token`.
#[derive(Debug, Default)]
pub(crate) struct DeadWebhooks {
    known: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl DeadWebhooks {
    pub(crate) fn contains(&self, webhook: &str) -> bool {
        !self.known.is_empty() && self.known.contains(webhook)
    }

    pub(crate) fn add(&mut self, webhook: Arc<str>) {
        if !self.known.insert(Arc::clone(&webhook)) {
            return;
        }
        self.order.push_back(webhook);
        if self.order.len() > MAX_KNOWN
            && let Some(first) = self.order.pop_front()
        {
            self.known.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_thousand_are_remembered() {
        let mut dead = DeadWebhooks::default();
        for nth in 0..MAX_KNOWN + 10 {
            dead.add(format!("{nth}/token").into());
            dead.add(format!("{nth}/token").into());
        }
        assert_eq!((dead.known.len(), dead.order.len()), (MAX_KNOWN, MAX_KNOWN));
        assert!(!dead.contains("9/token") && dead.contains("10/token"));
    }
}
