//! Buffer that messages are inflated into: one per connection, bounded, and shrunk after a large
//! message.

use crate::gateway::connection::inflate::error::InflateError;

/// Capacity that is never freed. Nearly all messages fit.
const MIN_CAPACITY: usize = 64 << 10;
/// The initial capacity. A quiet shard needs no more.
const FIRST_CAPACITY: usize = 8 << 10;
/// A larger capacity is freed after this many messages in a row that fit into `MIN_CAPACITY`. Large
/// guilds come one after the other, and the buffer would have to grow for each.
const SMALL_MESSAGES: u32 = 32;

/// An even larger capacity is freed as soon as its message has been delivered.
const MAX_IDLE_CAPACITY: usize = 4 << 20;

/// The text of the message that is being read or was read last.
pub(super) struct Output {
    bytes: Vec<u8>,
    max_bytes: usize,
    /// Whether the message in it has been taken.
    taken: bool,
    /// How many messages in a row were small.
    small: u32,
}

impl Output {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            bytes: Vec::new(),
            max_bytes,
            taken: false,
            small: 0,
        }
    }

    /// The buffer with free capacity at its end. Clears a message that was taken.
    pub(super) fn spare(&mut self) -> Result<&mut Vec<u8>, InflateError> {
        if self.taken {
            self.begin();
        }
        if self.bytes.len() == self.bytes.capacity() {
            self.grow()?;
        }
        Ok(&mut self.bytes)
    }

    /// The complete message.
    pub(super) fn take(&mut self) -> Result<&str, InflateError> {
        self.taken = true;
        if self.bytes.len() > self.max_bytes {
            return Err(InflateError::TooLong(self.max_bytes));
        }
        std::str::from_utf8(&self.bytes).map_err(|_| InflateError::NotUtf8)
    }

    /// Frees the memory of a huge message, once it has been taken and delivered.
    pub(super) fn release(&mut self) {
        if self.taken && self.bytes.capacity() > MAX_IDLE_CAPACITY {
            self.taken = false;
            self.small = 0;
            self.bytes = Vec::new();
        }
    }

    fn begin(&mut self) {
        self.taken = false;
        let small = self.bytes.len() <= MIN_CAPACITY;
        self.small = if small {
            self.small.saturating_add(1)
        } else {
            0
        };
        self.bytes.clear();
        if self.small >= SMALL_MESSAGES {
            self.bytes.shrink_to(MIN_CAPACITY);
        }
    }

    /// Doubles the capacity, so that a message of many MiB is not moved often.
    fn grow(&mut self) -> Result<(), InflateError> {
        let length = self.bytes.len();
        if length > self.max_bytes {
            return Err(InflateError::TooLong(self.max_bytes));
        }
        // One byte more than the bound, because a full buffer would look like an incomplete
        // message.
        let more = length.max(FIRST_CAPACITY).min(self.max_bytes + 1 - length);
        self.bytes
            .try_reserve_exact(more)
            .map_err(|_| InflateError::NoMemory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(output: &mut Output, length: usize) -> Result<(), InflateError> {
        let mut left = length;
        while left > 0 {
            let spare = output.spare()?;
            let fits = left.min(spare.capacity() - spare.len());
            spare.resize(spare.len() + fits, b'x');
            left -= fits;
        }
        assert_eq!(output.take()?.len(), length);
        Ok(())
    }

    #[test]
    fn the_buffer_of_a_huge_message_is_freed_once_it_is_delivered() {
        let mut output = Output::new(256 << 20);
        message(&mut output, 120 << 20).unwrap();
        output.release();
        assert_eq!(output.bytes.capacity(), 0);
        message(&mut output, 100).unwrap();
        output.release();
        assert_eq!(output.bytes.capacity(), FIRST_CAPACITY);
    }

    #[test]
    fn the_buffer_shrinks_after_a_large_message() {
        let mut output = Output::new(64 << 20);
        message(&mut output, 3 << 20).unwrap();
        for _ in 0..SMALL_MESSAGES {
            output.release();
            message(&mut output, 100).unwrap();
            // More large messages may follow.
            assert!(output.bytes.capacity() >= 3 << 20);
        }
        message(&mut output, 100).unwrap();
        assert_eq!(output.bytes.capacity(), MIN_CAPACITY);
    }

    #[test]
    fn small_messages_do_not_move_the_buffer() {
        let mut output = Output::new(64 << 20);
        for length in [MIN_CAPACITY / 2, MIN_CAPACITY, 1] {
            message(&mut output, length).unwrap();
        }
        for _ in 0..SMALL_MESSAGES * 2 {
            message(&mut output, 1).unwrap();
            output.release();
        }
        assert_eq!(output.bytes.capacity(), MIN_CAPACITY);
    }

    #[test]
    fn a_message_may_have_as_many_bytes_as_the_bound() {
        let mut output = Output::new(100_000);
        message(&mut output, 100_000).unwrap();
        assert_eq!(
            message(&mut output, 100_001),
            Err(InflateError::TooLong(100_000))
        );
    }
}
