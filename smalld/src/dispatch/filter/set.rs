//! Sets of handlers of one event, by their position in its list.

use std::ops::{Deref, DerefMut};

/// As many bits are kept without an allocation.
const INLINE_WORDS: usize = 16;
const BITS: usize = u64::BITS as usize;

/// A set that is kept: one bit for each handler.
#[derive(Clone, Debug)]
pub(super) struct Set(Box<[u64]>);

impl Set {
    pub(super) fn new(length: usize) -> Self {
        Self(vec![0; length.div_ceil(BITS)].into())
    }

    pub(super) fn insert(&mut self, handler: usize) {
        insert(&mut self.0, handler);
    }

    pub(super) fn meets(&self, other: &[u64]) -> bool {
        self.0.iter().zip(other).any(|(a, b)| a & b != 0)
    }
}

impl Deref for Set {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.0
    }
}

/// A set that lasts as long as one event is looked at.
#[derive(Debug)]
pub(crate) struct ShortSet {
    words: usize,
    inline: [u64; INLINE_WORDS],
    /// Used instead if there are more handlers than anybody has.
    heap: Vec<u64>,
}

impl ShortSet {
    /// No element of so many.
    pub(super) fn empty(length: usize) -> Self {
        let words = length.div_ceil(BITS);
        let is_long = words > INLINE_WORDS;
        Self {
            words,
            inline: [0; INLINE_WORDS],
            heap: vec![0; if is_long { words } else { 0 }],
        }
    }

    /// All of so many.
    pub(super) fn full(length: usize) -> Self {
        let mut set = Self::empty(length);
        set.fill(u64::MAX);
        let rest = length % BITS;
        if rest > 0
            && let Some(last) = set.last_mut()
        {
            *last = (1 << rest) - 1;
        }
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.iter().all(|&word| word == 0)
    }

    /// Its elements, in order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = usize> {
        self.iter().enumerate().flat_map(|(nth, &word)| {
            let rests = std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)));
            let elements = rests.take_while(|&rest| rest != 0);
            elements.map(move |rest| nth * BITS + rest.trailing_zeros() as usize)
        })
    }
}

impl Deref for ShortSet {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        if self.heap.is_empty() {
            &self.inline[..self.words]
        } else {
            &self.heap
        }
    }
}

impl DerefMut for ShortSet {
    fn deref_mut(&mut self) -> &mut [u64] {
        if self.heap.is_empty() {
            &mut self.inline[..self.words]
        } else {
            &mut self.heap
        }
    }
}

pub(super) fn insert(set: &mut [u64], element: usize) {
    set[element / BITS] |= 1 << (element % BITS);
}

pub(super) fn contains(set: &[u64], element: usize) -> bool {
    set[element / BITS] >> (element % BITS) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_inserted_at_any_size() {
        for length in [0, 1, 63, 64, 65, 1024, 1025, 5000] {
            let all: Vec<_> = ShortSet::full(length).elements().collect();
            assert_eq!(all, (0..length).collect::<Vec<_>>());
            let mut some = ShortSet::empty(length);
            assert!(some.is_empty());
            for element in (0..length).step_by(7) {
                insert(&mut some, element);
            }
            let elements: Vec<_> = some.elements().collect();
            assert_eq!(elements, (0..length).step_by(7).collect::<Vec<_>>());
            assert!((0..length).all(|it| contains(&some, it) == (it % 7 == 0)));
        }
    }
}
