//! The buffer that messages are inflated into: one for a connection, bounded, and small again after
//! a large one.

use crate::gateway::connection::inflate::mistake::Mistake;

/// What is kept whatever comes; nearly all messages fit into it.
const KEPT: usize = 64 << 10;
/// The first piece of it; a quiet shard needs no more.
const FIRST: usize = 8 << 10;
/// After so many messages in a row that fit into `KEPT` a larger buffer is let go. Large guilds come
/// in flocks, and each would have to grow it anew.
const PATIENCE: u32 = 32;

/// The text of the message that is being read or was read last.
pub(super) struct Output {
    bytes: Vec<u8>,
    most: usize,
    /// Whether what is in it has been taken.
    taken: bool,
    /// How many messages in a row were small.
    small: u32,
}

impl Output {
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: Vec::new(),
            most,
            taken: false,
            small: 0,
        }
    }

    /// The buffer with room at its end; what was taken before is gone.
    pub(super) fn room(&mut self) -> Result<&mut Vec<u8>, Mistake> {
        if self.taken {
            self.begin();
        }
        if self.bytes.len() == self.bytes.capacity() {
            self.grow()?;
        }
        Ok(&mut self.bytes)
    }

    /// The message, which is whole.
    pub(super) fn take(&mut self) -> Result<&str, Mistake> {
        self.taken = true;
        if self.bytes.len() > self.most {
            return Err(Mistake::TooLong(self.most));
        }
        std::str::from_utf8(&self.bytes).map_err(|_| Mistake::NotUtf8)
    }

    fn begin(&mut self) {
        self.taken = false;
        let small = self.bytes.len() <= KEPT;
        self.small = if small {
            self.small.saturating_add(1)
        } else {
            0
        };
        self.bytes.clear();
        if self.small >= PATIENCE {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Twice as large each time, so that a message of many MiB is not moved often.
    fn grow(&mut self) -> Result<(), Mistake> {
        let length = self.bytes.len();
        if length > self.most {
            return Err(Mistake::TooLong(self.most));
        }
        // With a byte to spare, or none could tell that a message ends right at the bound.
        let more = length.max(FIRST).min(self.most + 1 - length);
        self.bytes
            .try_reserve_exact(more)
            .map_err(|_| Mistake::NoMemory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(output: &mut Output, length: usize) -> Result<(), Mistake> {
        let mut left = length;
        while left > 0 {
            let room = output.room()?;
            let fits = left.min(room.capacity() - room.len());
            room.resize(room.len() + fits, b'x');
            left -= fits;
        }
        assert_eq!(output.take()?.len(), length);
        Ok(())
    }

    #[test]
    fn a_large_message_leaves_no_large_buffer_behind() {
        let mut output = Output::new(64 << 20);
        message(&mut output, 10 << 20).unwrap();
        for _ in 0..PATIENCE {
            message(&mut output, 100).unwrap();
            // While large ones may follow it stays as it is.
            assert!(output.bytes.capacity() >= 10 << 20);
        }
        message(&mut output, 100).unwrap();
        assert_eq!(output.bytes.capacity(), KEPT);
    }

    #[test]
    fn small_messages_do_not_move_the_buffer() {
        let mut output = Output::new(64 << 20);
        for length in [KEPT / 2, KEPT, 1] {
            message(&mut output, length).unwrap();
        }
        for _ in 0..PATIENCE * 2 {
            message(&mut output, 1).unwrap();
        }
        assert_eq!(output.bytes.capacity(), KEPT);
    }

    #[test]
    fn a_message_is_as_long_as_the_bound_and_no_longer() {
        let mut output = Output::new(100_000);
        message(&mut output, 100_000).unwrap();
        assert_eq!(
            message(&mut output, 100_001),
            Err(Mistake::TooLong(100_000))
        );
    }
}
