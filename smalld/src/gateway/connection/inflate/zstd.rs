//! Decoder of `zstd-stream`: one zstd frame that never ends, with one message per WebSocket message.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, get_error_name};

use crate::gateway::connection::inflate::error::InflateError;
use crate::gateway::connection::inflate::output::Output;

/// The largest window of a stream, as a power of two: 8 MiB, the maximum that the format recommends.
/// Without a bound a stream could make each shard allocate 128 MiB.
const MAX_WINDOW_LOG: u32 = 23;

pub(super) struct Zstd(DCtx<'static>);

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = DCtx::create();
        decoder
            .set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))
            .expect("zstd accepts window logs from 10 to 27");
        Self(decoder)
    }

    /// Reads the next message of the stream: until all input is read and the buffer has capacity left.
    /// The decoder's result, how much the frame still needs, is useless because the frame never ends.
    pub(super) fn read_on(
        &mut self,
        frame: &[u8],
        output: &mut Output,
    ) -> Result<(), InflateError> {
        let mut input = InBuffer::around(frame);
        loop {
            let spare = output.spare()?;
            let written = spare.len();
            let mut into = OutBuffer::around_pos(spare, written);
            self.0
                .decompress_stream(&mut into, &mut input)
                .map_err(|code| InflateError::Corrupt(get_error_name(code)))?;
            let has_spare = into.pos() < into.capacity();
            if has_spare && input.pos() == frame.len() {
                return Ok(());
            }
        }
    }
}
