//! How Discord compresses what it sends, and what of that is built in.

/// How Discord compresses what it sends over the gateway; an option of
/// [`Builder`](crate::Builder::compression).
///
/// A stream lasts as long as its connection and remembers what was sent before, which is why even
/// short events shrink to a fifth. What a bot sends is never compressed. The default is the best one
/// that is built in: `ZstdStream`, else `ZlibStream`, else `None`; figures and reasons are in
/// `docs/GATEWAY.md` of the repository.
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
    /// Plain text. Payloads that Discord compresses one by one, where `identify` has
    /// `"compress": true`, are understood with the feature `zlib`.
    None,
    /// `zlib-stream`. Needs the feature `zlib`, which is on by default.
    ZlibStream,
    /// `zstd-stream`: a fifth shorter again and a third quicker to inflate, but each shard holds a
    /// window of some MiB, and a C library has to be built. Needs the feature `zstd`.
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
    fn the_default_is_the_best_one_that_is_built_in() {
        let expected = match (cfg!(feature = "zlib"), cfg!(feature = "zstd")) {
            (_, true) => Compression::ZstdStream,
            (true, false) => Compression::ZlibStream,
            (false, false) => Compression::None,
        };
        assert_eq!(Compression::default(), expected);
        assert_eq!(Compression::None.missing_feature(), None);
    }
}
