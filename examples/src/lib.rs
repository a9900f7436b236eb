//! Complete bots: each file next to `src` is one. Run `cargo run --example ping_bot`.
