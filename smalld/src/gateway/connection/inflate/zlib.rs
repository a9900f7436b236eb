//! `zlib-stream`, and payloads that are compressed one by one.

use flate2::{Decompress, FlushDecompress, Status};

use crate::gateway::connection::inflate::error::InflateError;
use crate::gateway::connection::inflate::output::Output;

/// The end of each message of a stream.
const FLUSH: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Bytes in which no `FLUSH` can begin.
const EMPTY_TAIL: [u8; 4] = [0xff; 4];
/// The first byte of a zlib stream with the usual window.
const FIRST_BYTE: u8 = 0x78;

/// Whether this may be a payload that was compressed by itself.
pub(super) fn begins(frame: &[u8]) -> bool {
    frame.first() == Some(&FIRST_BYTE)
}

pub(super) struct Zlib {
    inflate: Decompress,
    /// The last four bytes of the message so far, which may lie in several frames.
    tail: [u8; 4],
}

impl Zlib {
    pub(super) fn new() -> Self {
        Self {
            inflate: Decompress::new(true),
            tail: EMPTY_TAIL,
        }
    }

    /// Reads the next part of the stream. Returns whether it completes a message.
    ///
    /// A message may come in several frames. Each is inflated when it comes, so none waits in memory.
    pub(super) fn read_on(
        &mut self,
        frame: &[u8],
        output: &mut Output,
    ) -> Result<bool, InflateError> {
        if self.inflate(frame, output)? == Status::StreamEnd {
            return Err(InflateError::Ended);
        }
        push(&mut self.tail, frame);
        let complete = self.tail == FLUSH;
        if complete {
            self.tail = EMPTY_TAIL;
        }
        Ok(complete)
    }

    /// Reads a payload that is a stream of its own.
    pub(super) fn read_one(
        &mut self,
        frame: &[u8],
        output: &mut Output,
    ) -> Result<(), InflateError> {
        self.inflate.reset(true);
        match self.inflate(frame, output)? {
            Status::StreamEnd => Ok(()),
            Status::Ok | Status::BufError => Err(InflateError::Incomplete),
        }
    }

    /// Goes on until all input is read and the last step left room: then the decoder holds nothing back.
    fn inflate(&mut self, mut input: &[u8], output: &mut Output) -> Result<Status, InflateError> {
        loop {
            let room = output.room()?;
            let (read, written) = (self.inflate.total_in(), room.len());
            let status = self
                .inflate
                .decompress_vec(input, room, FlushDecompress::Sync)
                .map_err(|_| InflateError::Corrupt("no valid deflate block"))?;
            let read = usize::try_from(self.inflate.total_in() - read).unwrap_or(usize::MAX);
            input = input.get(read..).unwrap_or_default();
            let left_room = room.len() < room.capacity();
            if status == Status::StreamEnd || input.is_empty() && left_room {
                return Ok(status);
            }
            if read == 0 && room.len() == written {
                return Err(InflateError::Corrupt("the decoder makes no progress"));
            }
        }
    }
}

/// Appends bytes to a tail, and drops its oldest ones.
fn push(tail: &mut [u8; 4], bytes: &[u8]) {
    if let Some(last) = bytes.last_chunk() {
        *tail = *last;
    } else {
        tail.rotate_left(bytes.len());
        tail[4 - bytes.len()..].copy_from_slice(bytes);
    }
}
