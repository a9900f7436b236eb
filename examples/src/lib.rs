//! Whole bots that run. Each file beside `src` is one: `cargo run --example ping_bot`.
