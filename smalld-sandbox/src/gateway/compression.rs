//! Compresses what goes to a bot: one stream for as long as a connection lasts, flushed after each
//! message.

use flate2::{Compress, FlushCompress};
use tokio_tungstenite::tungstenite::Bytes;
#[cfg(feature = "zstd")]
use zstd_safe::{CCtx, InBuffer, OutBuffer, zstd_sys::ZSTD_EndDirective};

/// How much room a message gets at a time.
const PORTION: usize = 16 << 10;
/// As the first byte of a message it can stand in no stream: neither zlib nor zstd has such a
/// header, and to both it is a block of a kind that does not exist.
const DAMAGE: u8 = 0xff;

/// How the texts to a connection are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    ZlibStream,
    #[cfg(feature = "zstd")]
    ZstdStream,
}

impl Compression {
    /// What `compress` in the query asks for, or why it cannot be had.
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

    /// The binary message that carries a text, or none where texts go as they are. A damaged one
    /// does not inflate.
    pub(crate) fn message(&mut self, text: &str, damaged: bool) -> Option<Bytes> {
        let mut bytes = match self {
            Self::None => return None,
            Self::Zlib(stream) => by_zlib(stream, text.as_bytes()),
            #[cfg(feature = "zstd")]
            Self::Zstd(stream) => by_zstd(stream, text.as_bytes()),
        };
        if let Some(first) = bytes.first_mut().filter(|_| damaged) {
            *first = DAMAGE;
        }
        Some(bytes.into())
    }
}

/// Goes on until all is taken and the last step left room, for then it is flushed as well.
fn by_zlib(stream: &mut Compress, mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() == bytes.capacity() || !text.is_empty() {
        bytes.reserve(PORTION);
        let before = stream.total_in();
        stream
            .compress_vec(text, &mut bytes, FlushCompress::Sync)
            .expect("a stream that is not finished takes all");
        let taken = usize::try_from(stream.total_in() - before).unwrap_or(text.len());
        text = &text[taken..];
    }
    bytes
}

#[cfg(feature = "zstd")]
fn by_zstd(stream: &mut CCtx<'static>, text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut from) = (Vec::new(), InBuffer::around(text));
    loop {
        bytes.reserve(PORTION);
        let written = bytes.len();
        let mut into = OutBuffer::around_pos(&mut bytes, written);
        let left = stream
            .compress_stream2(&mut into, &mut from, ZSTD_EndDirective::ZSTD_e_flush)
            .expect("a stream that is not finished takes all");
        if left == 0 {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Short, long, and such that nothing of it can be left out.
    fn texts() -> Vec<String> {
        let mut random = fastrand::Rng::with_seed(1);
        let noise = |length| (0..length).map(|_| random.alphanumeric()).collect();
        [1, 100, PORTION, 10 * PORTION].map(noise).into()
    }

    #[test]
    fn a_stream_of_zlib_inflates_to_what_went_in_and_each_message_ends_with_a_flush() {
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
    fn what_is_damaged_does_not_inflate() {
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
    fn a_stream_of_zstd_inflates_to_what_went_in_message_by_message() {
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
    fn what_is_not_known_is_refused_with_what_is() {
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
