//! Clients that do as little as possible, to compare with: no library, one thread, no error handling beyond
//! the end of the connection. The first argument says which.
//!
//! - `look` reads frames, inflates them, and takes `op`, `s` and `t` from their first bytes.
//! - `scan` also skips to one member of each message.
//! - `borrow` parses each message into a struct with one borrowed field.
//! - `value` parses each message into a `serde_json::Value`.
//! - `tungstenite` is `look` with frames read by tokio-tungstenite.
//! - `ping` is `scan`, and answers pings by a request.
//! - `rest` makes requests, 64 at once, and `hyper` does so by hyper.

mod by_hyper;
mod frames;
mod http;
mod inflate;
mod look;
mod scan;
mod shard;

use std::env;
use std::io;
use std::rc::Rc;

use tokio::task::LocalSet;

use look::Work;
use shard::{Client, Reader};

fn main() -> io::Result<()> {
    let role = env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let (work, reader) = match role.as_str() {
            "rest" => return http::flood(64).await,
            "hyper" => return by_hyper::flood(64).await,
            "tungstenite" => (Work::Look, Reader::Tungstenite),
            "scan" | "ping" => (Work::Scan, Reader::Own),
            "borrow" => (Work::Borrow, Reader::Own),
            "value" => (Work::Value, Reader::Own),
            _ => (Work::Look, Reader::Own),
        };
        run(Rc::new(Client::new(work, reader))).await
    })
}

async fn run(client: Rc<Client>) -> io::Result<()> {
    let shards = env::var("LOAD_SHARDS").ok();
    let shards = shards.and_then(|shards| shards.parse().ok()).unwrap_or(1);
    let mut running = tokio::task::JoinSet::new();
    for id in 0..shards {
        running.spawn_local(shard::run(Rc::clone(&client), id, shards));
    }
    while let Some(ended) = running.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}
