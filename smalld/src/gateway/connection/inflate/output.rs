//! Buffer that messages are inflated into: one per connection, bounded, and shrunk after a large
//! message.

use crate::gateway::connection::inflate::error::InflateError;

/// The first capacity, which is never freed. A quiet shard needs no more.
const MIN_CAPACITY: usize = 4 << 10;
/// A larger capacity is freed as soon as its message has been delivered.
const MAX_IDLE_CAPACITY: usize = 4 << 20;

/// The text of the message that is being read or was read last.
pub(super) struct Output {
    bytes: Vec<u8>,
    max_bytes: usize,
    /// Whether the message in it has been taken.
    taken: bool,
    /// The largest capacity that was needed since the buffer was last shrunk.
    needed: usize,
}

impl Output {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            bytes: Vec::new(),
            max_bytes,
            taken: false,
            needed: 0,
        }
    }

    /// The buffer with free capacity at its end. Clears a message that was taken.
    pub(super) fn spare(&mut self) -> Result<&mut Vec<u8>, InflateError> {
        if self.taken {
            self.taken = false;
            self.bytes.clear();
        }
        if self.bytes.len() == self.bytes.capacity() {
            self.grow()?;
        }
        Ok(&mut self.bytes)
    }

    /// The complete message.
    pub(super) fn take(&mut self) -> Result<&str, InflateError> {
        self.taken = true;
        self.needed = self.needed.max(self.bytes.len() + 1);
        if self.bytes.len() > self.max_bytes {
            return Err(InflateError::TooLong(self.max_bytes));
        }
        std::str::from_utf8(&self.bytes).map_err(|_| InflateError::NotUtf8)
    }

    /// Frees the memory of a huge message, once it has been taken and delivered.
    pub(super) fn release(&mut self) {
        if self.taken && self.bytes.capacity() > MAX_IDLE_CAPACITY {
            self.taken = false;
            self.bytes = Vec::new();
        }
    }

    pub(super) fn is_large(&self) -> bool {
        self.bytes.capacity() > MIN_CAPACITY
    }

    /// Frees the capacity that was not needed since the last call.
    pub(super) fn shrink(&mut self) {
        let needed = self.needed.next_power_of_two().max(MIN_CAPACITY);
        if self.taken && self.bytes.capacity() > needed {
            self.taken = false;
            self.bytes = Vec::new();
        }
        self.needed = 0;
    }

    /// Doubles the capacity, so that a message of many MiB is not moved often.
    fn grow(&mut self) -> Result<(), InflateError> {
        let length = self.bytes.len();
        if length > self.max_bytes {
            return Err(InflateError::TooLong(self.max_bytes));
        }
        // One byte more than the bound, because a full buffer would look like an incomplete
        // message.
        let more = length.max(MIN_CAPACITY).min(self.max_bytes + 1 - length);
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
        assert_eq!(output.bytes.capacity(), MIN_CAPACITY);
    }

    #[test]
    fn the_buffer_shrinks_to_what_was_needed_since_the_last_time() {
        let mut output = Output::new(64 << 20);
        message(&mut output, 3 << 20).unwrap();
        message(&mut output, 100).unwrap();
        output.shrink();
        assert!(output.bytes.capacity() >= 3 << 20);
        message(&mut output, 100).unwrap();
        output.shrink();
        assert_eq!(output.bytes.capacity(), 0);
        message(&mut output, 100).unwrap();
        assert!(!output.is_large());
    }

    #[test]
    fn a_message_that_is_incomplete_keeps_its_buffer() {
        let mut output = Output::new(64 << 20);
        message(&mut output, 1).unwrap();
        output.spare().unwrap().resize(MIN_CAPACITY, b'x');
        output.spare().unwrap().push(b'x');
        output.shrink();
        output.shrink();
        assert_eq!(output.bytes.len(), MIN_CAPACITY + 1);
    }

    #[test]
    fn small_messages_do_not_move_the_buffer() {
        let mut output = Output::new(64 << 20);
        for length in [MIN_CAPACITY / 2, MIN_CAPACITY, 1] {
            message(&mut output, length).unwrap();
            output.shrink();
            assert_eq!(output.bytes.capacity(), MIN_CAPACITY);
        }
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
