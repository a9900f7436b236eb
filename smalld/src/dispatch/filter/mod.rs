//! Filters of all handlers of one event, decided together. Nothing is parsed into a tree, and nothing is
//! allocated.
//!
//! - `pointer`: JSON pointers and their tokens.
//! - `tree`: the pointers of all handlers as one tree, and the walk over an event.
//! - `values`: what handlers expect at one place.
//! - `set`: sets of handlers.

mod pointer;
mod set;
#[cfg(test)]
mod tests;
mod tree;
mod values;

pub(crate) use self::pointer::{find_string, tokens};
pub(crate) use self::set::ShortSet;

use crate::dispatch::filter::set::Set;
use crate::dispatch::filter::tree::Tree;
use crate::dispatch::trigger::Filter;
use crate::event::envelope::Envelope;

/// The filters of some handlers, by the position of the handler. Built once, at startup.
pub(crate) struct Filters {
    length: usize,
    /// Opcodes, each with the handlers that want only this one.
    ops: Vec<(u64, Set)>,
    /// Conditions on `d`.
    d: Tree,
    /// Conditions on other members of the payload.
    whole: Option<Tree>,
}

impl Filters {
    pub(crate) fn new<'f>(filters: impl ExactSizeIterator<Item = &'f Filter>) -> Self {
        let length = filters.len();
        let mut new = Self {
            length,
            ops: Vec::new(),
            d: Tree::new(length),
            whole: None,
        };
        for (handler, filter) in filters.enumerate() {
            new.add(filter, handler);
        }
        new
    }

    fn add(&mut self, filter: &Filter, handler: usize) {
        if let Some(op) = filter.op {
            let known = self.ops.iter().position(|(known, _)| *known == op);
            let place = known.unwrap_or_else(|| {
                self.ops.push((op, Set::new(self.length)));
                self.ops.len() - 1
            });
            self.ops[place].1.insert(handler);
        }
        for field in &*filter.fields {
            // A pointer is checked where it is declared.
            let Ok(tokens) = tokens(&field.pointer) else {
                continue;
            };
            match &*tokens {
                [d, tokens @ ..] if filter.whole && **d == *"d" => {
                    self.d.add(tokens, field, handler);
                }
                tokens if filter.whole => {
                    let new = || Tree::new(self.length);
                    let whole = self.whole.get_or_insert_with(new);
                    whole.add(tokens, field, handler);
                }
                tokens => self.d.add(tokens, field, handler),
            }
        }
    }

    /// The handlers whose filters match this event. The error says why the event is malformed.
    pub(crate) fn matching(&self, envelope: &Envelope<'_>) -> Result<ShortSet, String> {
        let mut alive = ShortSet::full(self.length);
        for (op, handlers) in &self.ops {
            if *op != envelope.op {
                for (alive, removed) in alive.iter_mut().zip(&**handlers) {
                    *alive &= !removed;
                }
            }
        }
        let decided = self.d.decide(envelope.unchecked_d(), &mut alive);
        decided.map_err(|at| format!("`d` is not JSON (at byte {at} of it)"))?;
        if let Some(whole) = &self.whole {
            let decided = whole.decide(&envelope.whole(), &mut alive);
            decided.map_err(|at| format!("not JSON (at byte {at})"))?;
        }
        Ok(alive)
    }
}
