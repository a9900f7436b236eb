//! Transport compression, through the public surface.

use smalld::{Compression, SmallD};

#[test]
fn what_is_not_built_in_is_an_error_that_names_the_feature() {
    for (compression, feature, built_in) in [
        (Compression::None, "", true),
        (Compression::ZlibStream, "zlib", cfg!(feature = "zlib")),
        (Compression::ZstdStream, "zstd", cfg!(feature = "zstd")),
    ] {
        let bot = SmallD::builder().token("a.b.c").compression(compression);
        match bot.build() {
            Ok(_) => assert!(built_in, "{compression:?}"),
            Err(error) => {
                assert!(!built_in, "{error}");
                let named = format!("features = [\"{feature}\"]");
                assert!(error.to_string().contains(&named), "{error}");
            }
        }
    }
}
