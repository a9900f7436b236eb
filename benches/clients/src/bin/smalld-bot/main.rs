//! Bots of smalld, as the documentation shows them. The first argument says which.
//!
//! All of them end a measurement in the same way: a message with the content `load: mark` is answered by a
//! presence update.

mod allocations;
mod borrowing;
mod filtered;
mod json;
mod many;
mod ping;
mod prefixed;
mod requests;
mod unhandled;

use std::env;

use smalld::gateway::{Compression, Shards};
use smalld::handler::Handlers;
use smalld::rest::RateLimits;
use smalld::{Builder, Shard, SmallD, json};

const MARKER: &str = "load: mark";
const PING: &str = "load: ping";
/// Far above what a bot of Discord's may send, so that the limiter works but nobody waits.
const GLOBAL_LIMIT: u32 = u32::MAX;

fn main() -> smalld::Result<()> {
    let mut arguments = env::args().skip(1);
    let role = arguments.next().unwrap_or_default();
    let argument = arguments.next().and_then(|number| number.parse().ok());
    let handlers = match role.as_str() {
        "rest" => return requests::run(argument.unwrap_or(64)),
        "many" => many::handlers(argument.unwrap_or(1_000)),
        role => Handlers::registered().within(&format!("{}::{role}", module_path!())),
    };
    bot().handlers(handlers).run_blocking()
}

/// Default settings, except for what a measurement varies.
fn bot() -> Builder {
    let compression = match env::var("LOAD_ENCODING").as_deref() {
        Ok("zlib") => Compression::ZlibStream,
        #[cfg(feature = "zstd")]
        Ok("zstd") => Compression::ZstdStream,
        _ => Compression::None,
    };
    let shards = env::var("LOAD_SHARDS").ok();
    let shards = shards.and_then(|shards| shards.parse().ok()).unwrap_or(1);
    SmallD::builder()
        .compression(compression)
        .shards(Shards::count(shards))
        .rate_limits(RateLimits::Wait)
        .global_limit(GLOBAL_LIMIT)
}

/// Tells the server that everything before was handled.
async fn answer(shard: &Shard) -> smalld::Result<()> {
    let d = json!({
        "since": null, "activities": [], "status": "online", "afk": false,
        "allocations": allocations::so_far(),
    });
    shard.send_gateway_payload(json!({ "op": 3, "d": d })).await
}
