//! Decompression of the stream of one connection.

use std::env;
use std::io;

use flate2::{Decompress, FlushDecompress};

const CHUNK_BYTES: usize = 64 << 10;

pub(crate) enum Inflate {
    None,
    Zlib(Decompress),
    #[cfg(feature = "zstd")]
    Zstd(zstd_safe::DCtx<'static>),
}

impl Inflate {
    pub(crate) fn from_env() -> Self {
        match env::var("LOAD_ENCODING").as_deref() {
            Ok("zlib") => Self::Zlib(Decompress::new(true)),
            #[cfg(feature = "zstd")]
            Ok("zstd") => Self::Zstd(zstd_safe::DCtx::create()),
            _ => Self::None,
        }
    }

    /// The part of the gateway's URL that asks for it.
    pub(crate) fn query(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Zlib(_) => "&compress=zlib-stream",
            #[cfg(feature = "zstd")]
            Self::Zstd(_) => "&compress=zstd-stream",
        }
    }

    /// The text of a message. `room` is only used if there is something to inflate.
    pub(crate) fn text<'a>(
        &mut self,
        message: &'a [u8],
        room: &'a mut Vec<u8>,
    ) -> io::Result<&'a [u8]> {
        room.clear();
        match self {
            Self::None => return Ok(message),
            Self::Zlib(stream) => by_zlib(stream, message, room)?,
            #[cfg(feature = "zstd")]
            Self::Zstd(stream) => by_zstd(stream, message, room)?,
        }
        Ok(room)
    }
}

fn by_zlib(stream: &mut Decompress, mut message: &[u8], room: &mut Vec<u8>) -> io::Result<()> {
    loop {
        if room.capacity() - room.len() < CHUNK_BYTES / 2 {
            room.reserve(CHUNK_BYTES);
        }
        let before = stream.total_in();
        stream.decompress_vec(message, room, FlushDecompress::Sync)?;
        let taken = usize::try_from(stream.total_in() - before).map_err(io::Error::other)?;
        message = &message[taken..];
        if message.is_empty() && room.len() < room.capacity() {
            return Ok(());
        }
    }
}

#[cfg(feature = "zstd")]
fn by_zstd(
    stream: &mut zstd_safe::DCtx<'static>,
    message: &[u8],
    room: &mut Vec<u8>,
) -> io::Result<()> {
    let mut from = zstd_safe::InBuffer::around(message);
    loop {
        if room.capacity() - room.len() < CHUNK_BYTES / 2 {
            room.reserve(CHUNK_BYTES);
        }
        let written = room.len();
        let mut into = zstd_safe::OutBuffer::around_pos(room, written);
        let inflated = stream.decompress_stream(&mut into, &mut from);
        inflated.map_err(|code| io::Error::other(zstd_safe::get_error_name(code)))?;
        if from.pos() == message.len() && room.len() < room.capacity() {
            return Ok(());
        }
    }
}
