//! A list that keeps only its newest entries, so that a day of traffic fits into memory.

use std::collections::VecDeque;

/// A list with a maximum of entries and of bytes; the oldest entries are removed first.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    entries: VecDeque<(usize, T)>,
    bytes: usize,
    most_entries: usize,
    most_bytes: usize,
}

impl<T> Journal<T> {
    pub(crate) fn new(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            most_entries,
            most_bytes,
        }
    }

    /// Adds an entry of about this many bytes. The newest entry always stays, whatever its size.
    pub(crate) fn push(&mut self, entry: T, bytes: usize) {
        self.entries.push_back((bytes, entry));
        self.bytes += bytes;
        while self.is_full() && self.entries.len() > 1 {
            self.bytes -= self.entries.pop_front().map_or(0, |(bytes, _)| bytes);
        }
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    fn is_full(&self) -> bool {
        self.entries.len() > self.most_entries || self.bytes > self.most_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_are_removed() {
        let mut journal = Journal::new(3, 100);
        for entry in 1..=4 {
            journal.push(entry, 10);
        }
        assert_eq!(journal.iter().copied().collect::<Vec<_>>(), [2, 3, 4]);
        journal.push(5, 90);
        assert_eq!(journal.iter().copied().collect::<Vec<_>>(), [4, 5]);
        journal.push(6, 1000);
        assert_eq!(journal.iter().copied().collect::<Vec<_>>(), [6]);
    }
}
