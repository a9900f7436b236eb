//! Compression of the messages to a bot: one stream per connection, flushed after each message.

use flate2::{Compress, FlushCompress};
use tokio_tungstenite::tungstenite::Bytes;
#[cfg(feature = "zstd")]
use zstd_safe::{CCtx, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};

/// The output buffer grows by this much at a time.
const CHUNK_BYTES: usize = 16 << 10;
/// As the first byte of a message it is invalid in every stream: neither zlib nor zstd has such a
/// header, and for both it is an unknown block type.
const INVALID_FIRST_BYTE: u8 = 0xff;

/// How the texts to a connection are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    ZlibStream,
    #[cfg(feature = "zstd")]
    ZstdStream,
}

impl Compression {
    /// The compression that `compress` in the query requests, or why it is refused.
    pub(crate) fn requested(name: &str) -> Result<Self, &'static str> {
        match name {
            "zlib-stream" => Ok(Self::ZlibStream),
            #[cfg(feature = "zstd")]
            "zstd-stream" => Ok(Self::ZstdStream),
            #[cfg(not(feature = "zstd"))]
            "zstd-stream" => Err(
                "this gateway was built without zstd: add the feature `zstd` to smalld-sandbox, \
                 or ask for `compress=zlib-stream`\n",
            ),
            _ => Err("`compress` is `zlib-stream`, `zstd-stream` or left out\n"),
        }
    }
}

/// The stream of one connection.
pub(crate) enum Compressor {
    None,
    Zlib(Compress),
    #[cfg(feature = "zstd")]
    Zstd(CCtx<'static>),
}

impl Compressor {
    pub(crate) fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::ZlibStream => {
                Self::Zlib(Compress::new(flate2::Compression::default(), true))
            }
            #[cfg(feature = "zstd")]
            Compression::ZstdStream => Self::Zstd(CCtx::create()),
        }
    }

    /// The binary message that carries a text, or none without compression. A damaged message does
    /// not inflate.
    pub(crate) fn message(&mut self, text: &str, damaged: bool) -> Option<Bytes> {
        let mut bytes = match self {
            Self::None => return None,
            Self::Zlib(stream) => by_zlib(stream, text.as_bytes()),
            #[cfg(feature = "zstd")]
            Self::Zstd(stream) => by_zstd(stream, text.as_bytes()),
        };
        if let Some(first) = bytes.first_mut().filter(|_| damaged) {
            *first = INVALID_FIRST_BYTE;
        }
        Some(bytes.into())
    }
}

/// The text's part of a zlib stream. Repeats until all input is consumed and the last step did not fill
/// the buffer: then everything is flushed.
pub(crate) fn by_zlib(stream: &mut Compress, mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() == bytes.capacity() || !text.is_empty() {
        bytes.reserve(CHUNK_BYTES);
        let before = stream.total_in();
        stream
            .compress_vec(text, &mut bytes, FlushCompress::Sync)
            .expect("a stream that is not finished accepts all input");
        let taken = usize::try_from(stream.total_in() - before).unwrap_or(text.len());
        text = &text[taken..];
    }
    bytes
}

/// The text's part of a zstd stream, flushed.
#[cfg(feature = "zstd")]
pub(crate) fn by_zstd(stream: &mut CCtx<'static>, text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut from) = (Vec::new(), InBuffer::around(text));
    loop {
        bytes.reserve(CHUNK_BYTES);
        let written = bytes.len();
        let mut into = OutBuffer::around_pos(&mut bytes, written);
        let left = stream
            .compress_stream2(&mut into, &mut from, ZSTD_EndDirective::ZSTD_e_flush)
            .expect("a stream that is not finished accepts all input");
        if left == 0 {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Short and long texts that cannot be compressed.
    fn texts() -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(1);
        let noise = |length| (0..length).map(|_| random.alphanumeric()).collect();
        [1, 100, CHUNK_BYTES, 10 * CHUNK_BYTES].map(noise).into()
    }

    #[test]
    fn a_zlib_stream_inflates_to_its_input_and_flushes_each_message() {
        let mut compressor = Compressor::new(Compression::ZlibStream);
        let mut stream = Vec::new();
        for text in texts() {
            let message = compressor.message(&text, false).unwrap();
            assert!(message.ends_with(&[0x00, 0x00, 0xff, 0xff]));
            stream.extend(message);
        }
        let expected = texts().concat();
        let mut inflated = vec![0; expected.len()];
        let mut decoder = flate2::read::ZlibDecoder::new(&stream[..]);
        decoder.read_exact(&mut inflated).unwrap();
        assert!(inflated == expected.as_bytes());
    }

    #[test]
    fn a_damaged_message_does_not_inflate() {
        for before in 0..2 {
            let mut compressor = Compressor::new(Compression::ZlibStream);
            let mut stream = Vec::new();
            for _ in 0..before {
                stream.extend(compressor.message("{}", false).unwrap());
            }
            stream.extend(compressor.message(r#"{"op":11}"#, true).unwrap());
            let mut decoder = flate2::read::ZlibDecoder::new(&stream[..]);
            assert!(decoder.read_exact(&mut vec![0; 2 * before + 9]).is_err());
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn a_zstd_stream_inflates_message_by_message() {
        let mut compressor = Compressor::new(Compression::ZstdStream);
        let mut decoder = zstd_safe::DCtx::create();
        for text in texts() {
            let message = compressor.message(&text, false).unwrap();
            let mut inflated = Vec::with_capacity(text.len() + 1);
            let mut into = OutBuffer::around(&mut inflated);
            let mut from = InBuffer::around(&message);
            decoder.decompress_stream(&mut into, &mut from).unwrap();
            assert!(inflated == text.as_bytes());
        }
        let damaged = compressor.message("{}", true).unwrap();
        let mut inflated = Vec::with_capacity(100);
        let mut into = OutBuffer::around(&mut inflated);
        let mut from = InBuffer::around(&damaged);
        assert!(decoder.decompress_stream(&mut into, &mut from).is_err());
    }

    #[test]
    fn an_unknown_compression_is_refused_with_the_known_ones() {
        assert_eq!(
            Compression::requested("zlib-stream"),
            Ok(Compression::ZlibStream)
        );
        let zstd = Compression::requested("zstd-stream");
        assert_eq!(zstd.is_ok(), cfg!(feature = "zstd"));
        assert!(zstd.is_ok() || zstd.is_err_and(|why| why.contains("feature `zstd`")));
        let other = Compression::requested("gzip").unwrap_err();
        assert!(other.contains("zlib-stream"));
    }
}
