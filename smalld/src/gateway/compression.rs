//! Transport compression: the kinds that Discord offers, and which of them are built in.

/// Compression of what Discord sends over the gateway; an option of
/// [`Builder`](crate::Builder::compression).
///
/// A stream lasts as long as its connection and refers to earlier messages, so even short events
/// shrink to a fifth. What a bot sends is never compressed. The default is the best that is built in:
/// `ZstdStream`, else `ZlibStream`, else `None`. Measurements are in `docs/GATEWAY.md` of the
/// repository.
///
/// ```
/// use smalld::gateway::Compression;
/// use smalld::SmallD;
///
/// let bot = SmallD::builder().token("the.bot.token").compression(Compression::None).build()?;
/// # let _ = bot;
/// # Ok::<(), smalld::Error>(())
/// ```
///
/// See [Discord Docs/Transport Compression](https://discord.com/developers/docs/events/gateway#transport-compression).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Plain text. If `identify` has `"compress": true`, Discord compresses large payloads one by
    /// one; these are read with the feature `zlib`.
    None,
    /// `zlib-stream`. Needs the feature `zlib`, which is on by default.
    ZlibStream,
    /// `zstd-stream`. Compared with `zlib-stream`, a fifth shorter and a third faster to inflate, but
    /// each shard holds a window of some MiB, and a C library has to be built. Needs the feature
    /// `zstd`.
    ZstdStream,
}

impl Compression {
    /// The parameter in the query of the gateway's URL.
    pub(crate) fn query(self) -> &'static str {
        match self {
            Self::None => "",
            Self::ZlibStream => "&compress=zlib-stream",
            Self::ZstdStream => "&compress=zstd-stream",
        }
    }

    /// The feature that has to be added to smalld, if any.
    pub(crate) fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::ZlibStream if !cfg!(feature = "zlib") => Some("zlib"),
            Self::ZstdStream if !cfg!(feature = "zstd") => Some("zstd"),
            _ => None,
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        [Self::ZstdStream, Self::ZlibStream]
            .into_iter()
            .find(|compression| compression.missing_feature().is_none())
            .unwrap_or(Self::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_best_compression_that_is_built_in() {
        let expected = match (cfg!(feature = "zlib"), cfg!(feature = "zstd")) {
            (_, true) => Compression::ZstdStream,
            (true, false) => Compression::ZlibStream,
            (false, false) => Compression::None,
        };
        assert_eq!(Compression::default(), expected);
        assert_eq!(Compression::None.missing_feature(), None);
    }
}
