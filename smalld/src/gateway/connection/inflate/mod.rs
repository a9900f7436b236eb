//! Decompression of what Discord sends. Pure: bytes of frames in, texts of messages out.
//!
//! A connection has one decoder and one buffer. After the first messages nothing is allocated, except
//! for messages of several MiB. Each connection is a new stream and needs a new inflater.
//!
//! To add a compression: add a file here, a variant of `Decoder`, and a variant of [`Compression`].

#![cfg_attr(
    not(feature = "zlib"),
    allow(dead_code, reason = "each decoder needs some of it")
)]

mod error;
mod output;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

use self::error::InflateError;
use self::output::Output;
#[cfg(feature = "zlib")]
use self::zlib::Zlib;
#[cfg(feature = "zstd")]
use self::zstd::Zstd;
use crate::gateway::compression::Compression;

/// The longest message that is accepted. READY and `GUILD_CREATE` of a large bot can have many MiB.
/// Without a bound a few bytes could inflate until memory is exhausted.
pub(crate) const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// The decoder of one connection, and the buffer of its messages.
pub(crate) struct Inflater {
    decoder: Decoder,
    output: Output,
}

enum Decoder {
    /// No compression was requested.
    Plain(Payloads),
    #[cfg(feature = "zlib")]
    ZlibStream(Zlib),
    #[cfg(feature = "zstd")]
    ZstdStream(Zstd),
}

/// Reads payloads that are compressed one by one, if IDENTIFY has `compress`. Few bots use it, so the
/// decoder is created for the first such payload.
#[derive(Default)]
struct Payloads {
    #[cfg(feature = "zlib")]
    zlib: Option<Zlib>,
}

impl Inflater {
    pub(crate) fn new(compression: Compression) -> Self {
        Self::with_max_bytes(compression, MAX_MESSAGE_BYTES)
    }

    /// An inflater that accepts messages of at most this many bytes.
    fn with_max_bytes(compression: Compression, max_bytes: usize) -> Self {
        let decoder = match compression {
            #[cfg(feature = "zlib")]
            Compression::ZlibStream => Decoder::ZlibStream(Zlib::new()),
            #[cfg(feature = "zstd")]
            Compression::ZstdStream => Decoder::ZstdStream(Zstd::new()),
            // `Builder::build` refuses a compression that is not built in.
            _ => Decoder::Plain(Payloads::default()),
        };
        let output = Output::new(max_bytes);
        Self { decoder, output }
    }

    /// Decompresses a binary frame. Returns the message, if the frame completes one.
    ///
    /// # Errors
    ///
    /// After an error the stream cannot be continued: the connection has to be closed.
    pub(crate) fn push(&mut self, frame: &[u8]) -> Result<Option<&str>, InflateError> {
        let output = &mut self.output;
        let complete = match &mut self.decoder {
            Decoder::Plain(payloads) => payloads.read(frame, output).map(|()| true),
            #[cfg(feature = "zlib")]
            Decoder::ZlibStream(zlib) => zlib.read_on(frame, output),
            // Discord promises that each frame is one message.
            #[cfg(feature = "zstd")]
            Decoder::ZstdStream(zstd) => zstd.read_on(frame, output).map(|()| true),
        }?;
        if complete {
            output.take().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Whether the buffer is larger than a quiet connection needs.
    pub(crate) fn is_large(&self) -> bool {
        self.output.is_large()
    }

    /// Frees the memory that was not needed since the last call.
    pub(crate) fn shrink(&mut self) {
        self.output.shrink();
    }

    /// Frees the memory of a huge message, once it has been delivered.
    pub(crate) fn release(&mut self) {
        self.output.release();
    }
}

impl Payloads {
    #[cfg(feature = "zlib")]
    fn read(&mut self, frame: &[u8], output: &mut Output) -> Result<(), InflateError> {
        if !zlib::may_be_payload(frame) {
            return Err(InflateError::NotRequested);
        }
        self.zlib
            .get_or_insert_with(Zlib::new)
            .read_one(frame, output)
    }

    #[cfg(not(feature = "zlib"))]
    #[expect(clippy::unused_self, reason = "with `zlib` it has a decoder")]
    fn read(&mut self, _: &[u8], _: &mut Output) -> Result<(), InflateError> {
        Err(InflateError::NotRequested)
    }
}

#[cfg(test)]
mod tests;
