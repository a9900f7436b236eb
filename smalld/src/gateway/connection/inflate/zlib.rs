//! Decoder of `zlib-stream`, and of payloads that are compressed one by one.

use flate2::{Decompress, FlushDecompress, Status};

use crate::gateway::connection::inflate::error::InflateError;
use crate::gateway::connection::inflate::output::Output;

/// The end of each message of a stream.
const FLUSH: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Bytes with which no `FLUSH` can start.
const EMPTY_TAIL: [u8; 4] = [0xff; 4];
/// The first byte of a zlib stream with the usual window.
const FIRST_BYTE: u8 = 0x78;

/// Whether this may be a payload that was compressed on its own.
pub(super) fn may_be_payload(frame: &[u8]) -> bool {
    frame.first() == Some(&FIRST_BYTE)
}

pub(super) struct Zlib {
    inflate: Decompress,
    /// The last four bytes of the message so far, which may come from several frames.
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
    /// A message may come in several frames. Each is inflated when it arrives, so none is buffered.
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

    /// Inflates until all input is read and the buffer has capacity left: then the decoder holds no
    /// output back.
    fn inflate(&mut self, mut input: &[u8], output: &mut Output) -> Result<Status, InflateError> {
        loop {
            let spare = output.spare()?;
            let (read, written) = (self.inflate.total_in(), spare.len());
            let status = self
                .inflate
                .decompress_vec(input, spare, FlushDecompress::Sync)
                .map_err(|_| InflateError::Corrupt("invalid deflate block"))?;
            let read = usize::try_from(self.inflate.total_in() - read).unwrap_or(usize::MAX);
            input = input.get(read..).unwrap_or_default();
            let has_spare = spare.len() < spare.capacity();
            if status == Status::StreamEnd || input.is_empty() && has_spare {
                return Ok(status);
            }
            if read == 0 && spare.len() == written {
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
