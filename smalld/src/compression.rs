//! How Discord compresses what it sends, and what of that is built in.

/// How Discord compresses what it sends over the gateway; an option of
/// [`Builder`](crate::Builder::compression).
///
/// A stream lasts as long as its connection and remembers what was sent before, which is why even
/// short events shrink to a fifth. What a bot sends is never compressed.
///
/// ```
/// use smalld::{Compression, SmallD};
///
/// let bot = SmallD::builder().token("the.bot.token").compression(Compression::None).build()?;
/// # let _ = bot;
/// # Ok::<(), smalld::Error>(())
/// ```
///
/// See [Discord Docs/Transport Compression](https://discord.com/developers/docs/events/gateway#transport-compression).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Plain text. Payloads that Discord compresses one by one, where `identify` has
    /// `"compress": true`, are understood with the feature `zlib`.
    #[default]
    None,
    /// `zlib-stream`. Needs the feature `zlib`, which is on by default.
    ZlibStream,
    /// `zstd-stream`: a little shorter and quicker to inflate, but with a window of up to 8 MiB for
    /// each shard, and a C library. Needs the feature `zstd`.
    ZstdStream,
}

impl Compression {
    /// What the gateway's URL has to say of it.
    pub(crate) fn query(self) -> &'static str {
        match self {
            Self::None => "",
            Self::ZlibStream => "&compress=zlib-stream",
            Self::ZstdStream => "&compress=zstd-stream",
        }
    }

    /// The feature without which there is no decoder for it.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::ZlibStream if !cfg!(feature = "zlib") => Some("zlib"),
            Self::ZstdStream if !cfg!(feature = "zstd") => Some("zstd"),
            _ => None,
        }
    }
}
