//! Encoder of payloads: compression as Discord does it, and WebSocket frames.
//!
//! A compressed connection is one stream, in which later messages refer to earlier ones, so a stream that
//! was prepared cannot simply be sent after other messages. Here, only the messages of one
//! [`Encoder::stream`] refer to each other. [`Encoder::single`] makes messages that refer to nothing and to
//! which nothing refers; they can stand before and after a stream, but not within it.

use std::fmt;
use std::str::FromStr;

use flate2::Compress;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::gateway::compression::by_zlib;

/// A zlib header: deflate, a window of 32 KiB, no dictionary.
const ZLIB_HEADER: [u8; 2] = [0x78, 0x9c];

/// How the payloads to a bot are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Text frames.
    Plain,
    /// `compress=zlib-stream`.
    Zlib,
    /// `compress=zstd-stream`; needs the feature `zstd`.
    #[cfg(feature = "zstd")]
    Zstd,
}

/// The name is not that of an [`Encoding`] of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEncoding(());

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an encoding is `plain`, `zlib`, or `zstd` if the feature `zstd` is on")
    }
}

impl std::error::Error for UnknownEncoding {}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        match name {
            "plain" => Ok(Self::Plain),
            "zlib" => Ok(Self::Zlib),
            #[cfg(feature = "zstd")]
            "zstd" => Ok(Self::Zstd),
            _ => Err(UnknownEncoding(())),
        }
    }
}

impl Encoding {
    /// `plain`, `zlib` or `zstd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Zlib => "zlib",
            #[cfg(feature = "zstd")]
            Self::Zstd => "zstd",
        }
    }
}

/// Encoder of the frames from Discord to a bot.
///
/// The first message of a connection must come from [`Encoder::first`]. After it come messages from
/// [`Encoder::single`], then at most one [`Encoder::stream`], then again single messages.
#[derive(Debug)]
pub struct Encoder {
    encoding: Encoding,
}

impl Encoder {
    /// An encoder for connections with this encoding.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding }
    }

    /// The frame of the first message of a connection.
    #[must_use]
    pub fn first(&self, text: &str) -> Vec<u8> {
        let mut message = match self.encoding {
            Encoding::Plain => Vec::new(),
            Encoding::Zlib => ZLIB_HEADER.to_vec(),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => zstd::header(),
        };
        message.extend(self.message(text));
        self.frame(&message)
    }

    /// The frame of a message that refers to no other.
    #[must_use]
    pub fn single(&self, text: &str) -> Vec<u8> {
        self.frame(&self.message(text))
    }

    /// The frames of many messages, joined, and where each of them ends.
    #[must_use]
    pub fn stream<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let mut compressor = Compressor::new(self.encoding);
        for text in texts {
            let frame = self.frame(&compressor.message(text));
            bytes.extend(frame);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn message(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            Encoding::Plain | Encoding::Zlib => Compressor::new(self.encoding).message(text),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => zstd::raw(text.as_bytes()),
        }
    }

    fn frame(&self, message: &[u8]) -> Vec<u8> {
        let kind = match self.encoding {
            Encoding::Plain => Data::Text,
            _ => Data::Binary,
        };
        let header = FrameHeader {
            opcode: OpCode::Data(kind),
            ..FrameHeader::default()
        };
        let mut frame = Vec::with_capacity(message.len() + 10);
        header
            .format(message.len() as u64, &mut frame)
            .expect("a Vec takes all bytes");
        frame.extend_from_slice(message);
        frame
    }
}

/// A stream without its header.
enum Compressor {
    Plain,
    Zlib(Compress),
    #[cfg(feature = "zstd")]
    Zstd(zstd::Stream),
}

impl Compressor {
    fn new(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Plain => Self::Plain,
            // Level 6 is zlib's own default.
            Encoding::Zlib => Self::Zlib(Compress::new(flate2::Compression::new(6), false)),
            #[cfg(feature = "zstd")]
            Encoding::Zstd => Self::Zstd(zstd::Stream::new()),
        }
    }

    fn message(&mut self, text: &str) -> Vec<u8> {
        match self {
            Self::Plain => text.as_bytes().to_vec(),
            Self::Zlib(stream) => by_zlib(stream, text.as_bytes()),
            #[cfg(feature = "zstd")]
            Self::Zstd(stream) => stream.message(text.as_bytes()),
        }
    }
}

#[cfg(feature = "zstd")]
mod zstd {
    use zstd_safe::CCtx;

    use crate::gateway::compression::by_zstd;

    /// The magic number, a descriptor and the window size: no length, no checksum, no dictionary.
    const HEADER_BYTES: usize = 6;
    /// The longest block that the format allows.
    const MAX_BLOCK_BYTES: usize = 128 << 10;
    const BLOCK_HEADER_BYTES: usize = 3;

    pub(super) fn header() -> Vec<u8> {
        let mut frame = by_zstd(&mut CCtx::create(), b"{}");
        frame.truncate(HEADER_BYTES);
        frame
    }

    /// Blocks that are not compressed. They leave the entropy tables and offsets of the stream alone.
    pub(super) fn raw(text: &[u8]) -> Vec<u8> {
        let mut blocks = Vec::with_capacity(text.len() + BLOCK_HEADER_BYTES);
        for block in text.chunks(MAX_BLOCK_BYTES) {
            // Bit 0: the last block of the frame. Bits 1 and 2: the type, 0 is raw. Then the length.
            let header = u32::try_from(block.len() << 3).expect("a block is short");
            blocks.extend_from_slice(&header.to_le_bytes()[..BLOCK_HEADER_BYTES]);
            blocks.extend_from_slice(block);
        }
        blocks
    }

    pub(super) struct Stream {
        context: CCtx<'static>,
        has_header: bool,
    }

    impl Stream {
        pub(super) fn new() -> Self {
            Self {
                context: CCtx::create(),
                has_header: false,
            }
        }

        pub(super) fn message(&mut self, text: &[u8]) -> Vec<u8> {
            let mut bytes = by_zstd(&mut self.context, text);
            if !self.has_header {
                self.has_header = true;
                bytes.drain(..HEADER_BYTES);
            }
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;
    use crate::traffic::{Mix, Traffic};

    /// The messages of a connection, in the order in which the encoder allows them.
    fn connection(encoding: Encoding) -> (Vec<u8>, String) {
        let mut traffic = Traffic::new(3);
        let encoder = Encoder::new(encoding);
        let (hello, single) = (r#"{"op":10}"#, r#"{"op":11}"#);
        let mut texts = vec![traffic.guild(1_000, 2)];
        texts.extend((3..200).map(|s| traffic.event(Mix::Mixed, s)));
        let mut frames = encoder.first(hello);
        frames.extend(encoder.single(single));
        frames.extend(encoder.stream(texts.iter().map(String::as_str)).0);
        frames.extend(encoder.single(&texts[0]));
        let expected = [hello, single, &texts.concat(), &texts[0]].concat();
        (frames, expected)
    }

    fn payloads(frames: Vec<u8>) -> Vec<u8> {
        let (mut cursor, mut payloads) = (Cursor::new(frames), Vec::new());
        while let Some((_, length)) = FrameHeader::parse(&mut cursor).unwrap() {
            cursor
                .by_ref()
                .take(length)
                .read_to_end(&mut payloads)
                .unwrap();
        }
        payloads
    }

    #[test]
    fn plain_frames_carry_the_texts() {
        let (frames, expected) = connection(Encoding::Plain);
        assert!(payloads(frames) == expected.as_bytes());
    }

    #[test]
    fn zlib_messages_form_one_stream() {
        let (frames, expected) = connection(Encoding::Zlib);
        let mut inflated = vec![0; expected.len()];
        let payloads = payloads(frames);
        let mut decoder = flate2::read::ZlibDecoder::new(&payloads[..]);
        decoder.read_exact(&mut inflated).unwrap();
        assert!(inflated == expected.as_bytes());
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_messages_form_one_stream() {
        use zstd_safe::{DCtx, InBuffer, OutBuffer};

        let (frames, expected) = connection(Encoding::Zstd);
        let payloads = payloads(frames);
        let (mut context, mut inflated) = (DCtx::create(), Vec::with_capacity(expected.len()));
        let mut from = InBuffer::around(&payloads);
        while from.pos() < payloads.len() {
            let written = inflated.len();
            let mut into = OutBuffer::around_pos(&mut inflated, written);
            context.decompress_stream(&mut into, &mut from).unwrap();
        }
        assert!(inflated == expected.as_bytes());
    }
}
